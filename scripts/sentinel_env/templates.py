"""Databases to copy from: Odoo with demo data (shared), and that plus our addon (per clone)."""

from dataclasses import dataclass
from pathlib import Path

from .console import busy
from .databases import Databases
from .layout import ADDON, Cache, Clone, short_hash
from .locks import exclusive
from .odoo_program import OdooProgram
from .source_hash import source_hash

# Each is built once per Odoo and server, and shared by all clones.
_RECIPES = {
    "base": ("sale_stock",),
    "bare": ("mail",),
}
_RECIPE_VERSION = "1"


@dataclass(frozen=True)
class Templates:
    """Builds and finds the databases that others are copied from.

    :param program: Odoo, set up for the server that `databases` is about.
    """

    program: OdooProgram
    databases: Databases
    cache: Cache
    clone: Clone

    @property
    def _suffix(self) -> str:
        return short_hash(f"{self.program.source.key} {_RECIPE_VERSION}")

    @property
    def clone_prefix(self) -> str:
        """What the names of all databases of this clone start with."""
        return f"sentinel_{self.clone.key}_"

    @property
    def demo_name(self) -> str:
        """The database of `make up`."""
        return f"{self.clone_prefix}demo_{self._suffix}"

    def shared_name(self, recipe: str) -> str:
        """Return the name of a shared template."""
        return f"sentinel_{recipe}_{self._suffix}"

    def shared(self, recipe: str) -> str:
        """Return the name of the shared template, built if needed.

        :param recipe: "base" is sale_stock with demo data, "bare" is mail alone without.
        :raises SetupError: Odoo could not install its own modules.
        """
        name = self.shared_name(recipe)
        if self.databases.exists(name):
            return name
        modules = _RECIPES[recipe]
        with exclusive(self.cache.lock(name), f"the database template {recipe}"):
            if self.databases.exists(name):
                return name
            # It gets its real name when it is complete, so a half-built one is never copied.
            building = f"{name}_building"
            self.databases.drop(building)
            what = " and demo data" if recipe == "base" else ""
            with busy(f"building a database: Odoo with {', '.join(modules)}{what}"):
                self.program.change_modules(
                    building,
                    self.cache.logs / f"{name}.log",
                    install=modules,
                    demo=recipe == "base",
                )
            self.databases.rename(building, name)
        return name

    def with_addon(self, recipe: str = "base") -> str:
        """Return the name of a template of this clone with the addon as it is now, built if needed.

        Always a fresh installation: an upgrade could hide that the addon no longer installs.
        """
        name = f"{self.clone_prefix}{recipe}_{self._suffix}"
        with exclusive(self.clone.lock(f"template-{recipe}"), "the database with the addon"):
            mark = addon_mark(self.clone.addon)
            if self.databases.exists(name) and self.databases.mark_of(name) == mark:
                return name
            template = self.shared(recipe)
            self.databases.drop(name)
            building = f"{name}_building"
            self.databases.drop(building)
            with busy(f"installing {ADDON} in a copy of the database"):
                self.databases.copy(template, building)
                self.program.change_modules(
                    building, self._log(f"install-{recipe}"), install=[ADDON]
                )
            self.databases.mark(building, mark)
            self.databases.rename(building, name)
        return name

    def demo(self) -> str:
        """Return the name of the database of `make up`, with the addon as it is now.

        It is upgraded, not made anew, when the addon changed: what the user did in it stays.
        """
        name = self.demo_name
        mark = addon_mark(self.clone.addon)
        if not self.databases.exists(name):
            template = self.with_addon()
            with busy("copying the database"):
                self.databases.drop(f"{name}_building")
                self.databases.copy(template, f"{name}_building")
                self.databases.mark(f"{name}_building", mark)
                self.databases.rename(f"{name}_building", name)
        elif self.databases.mark_of(name) != mark:
            with busy(f"{ADDON} has changed: upgrading the database"):
                self.program.change_modules(name, self._log("upgrade"), update=[ADDON])
            self.databases.mark(name, mark)
        return name

    def is_demo_current(self) -> bool:
        """Tell whether the database of `make up` is there with the addon as it is now."""
        name = self.demo_name
        return self.databases.exists(name) and self.databases.mark_of(name) == addon_mark(
            self.clone.addon
        )

    def drop_all_of_clone(self) -> list[str]:
        """Remove every database of this clone and return their names."""
        names = self.databases.names(self.clone_prefix)
        for name in names:
            self.databases.drop(name)
        return names

    def _log(self, name: str) -> Path:
        return self.clone.logs / f"{name}.log"


def addon_mark(addon: Path) -> str:
    """Return the mark of a database that has the addon as it is on disk now."""
    return f"addon {source_hash(addon)}"
