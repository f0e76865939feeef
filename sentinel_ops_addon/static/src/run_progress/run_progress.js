import {Component, onMounted, onPatched, onWillUnmount} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

// Seconds would feel dead, much less would load the server for nothing.
const INTERVAL = 1500;

/** Shows how far a run is, and reads it again until it is done. */
export class RunProgress extends Component {
    static template = "sentinel_ops_addon.RunProgress";
    static props = {...standardWidgetProps};

    setup() {
        this.timer = null;
        onMounted(() => this.plan());
        onPatched(() => this.plan());
        onWillUnmount(() => clearTimeout(this.timer));
    }

    get isDone() {
        return this.props.record.data.state === "done";
    }

    get percent() {
        return Math.round(this.props.record.data.progress);
    }

    get text() {
        const {progress_done, progress_total} = this.props.record.data;
        return progress_total ? `${progress_done} / ${progress_total}` : "";
    }

    plan() {
        clearTimeout(this.timer);
        if (!this.isDone) {
            this.timer = setTimeout(() => this.refresh(), INTERVAL);
        }
    }

    async refresh() {
        // A hidden tab asks again when it is looked at: nothing to show until then.
        if (document.hidden) {
            this.plan();
        } else {
            await this.props.record.load();
        }
    }
}

registry.category("view_widgets").add("sentinel_run_progress", {
    component: RunProgress,
    fieldDependencies: [
        {name: "state", type: "selection"},
        {name: "progress", type: "float"},
        {name: "progress_done", type: "integer"},
        {name: "progress_total", type: "integer"},
    ],
});
