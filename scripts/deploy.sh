#!/usr/bin/env bash
# Put the HTTP door on Google Cloud: function, service accounts, dataset, secrets, scheduler.
#
#   scripts/deploy.sh --project YOUR_PROJECT [--region us-central1] [--dry-run] [--yes]
#
# Prints what it is going to do, asks, does it. It may be run again at any time: what is there
# already is left or brought up to date. Secrets come from the environment or are asked for; they
# go to gcloud through pipes, never on a command line. See docs/deployment.md.
set -euo pipefail

readonly FUNCTION=sentinel
readonly RUNTIME=python312
readonly REQUIRED_SETTINGS=(ODOO_URL ODOO_DB ODOO_USERNAME)
# Not secret; handed to the function as they are in the environment of this script.
readonly OPTIONAL_SETTINGS=(
  ODOO_PUBLIC_URL ODOO_TRANSPORT ODOO_TIMEOUT SLACK_CHANNEL ALERT_EMAIL_FROM ALERT_EMAIL_TO ALERT_RECORD_NAMES
  SLACK_API_URL SENTINEL_CONSUMER LOG_LEVEL
)
# One secret each, named sentinel-ops-<setting-name>. One of the first two is needed.
readonly SECRET_SETTINGS=(
  ODOO_PASSWORD ODOO_API_KEY SLACK_WEBHOOK_URL SLACK_BOT_TOKEN ALERT_WEBHOOK_URL SMTP_URL
  DEADMAN_URL
)
readonly APIS=(
  cloudfunctions.googleapis.com run.googleapis.com cloudbuild.googleapis.com
  artifactregistry.googleapis.com secretmanager.googleapis.com bigquery.googleapis.com
  cloudscheduler.googleapis.com iam.googleapis.com
)

project=
region=us-central1
schedule='*/5 * * * *'
dry_run=false
yes=false
step=
scratch=

usage() {
  cat <<'TEXT'
Usage: scripts/deploy.sh --project PROJECT [options]

  --project PROJECT    the Google Cloud project
  --region REGION      default: us-central1; the dataset is made there too
  --schedule CRON      when to pull, UTC; default: */5 * * * *
  --dry-run            print the plan and do nothing; no program of Google's is called
  --yes                do not ask before the plan is carried out

Settings come from the environment: ODOO_URL, ODOO_DB, ODOO_USERNAME, ODOO_PASSWORD or
ODOO_API_KEY, and as you like ENVIRONMENT, BQ_DATASET, SLACK_WEBHOOK_URL and the others of
.env.local.template:  set -a; . ./.env.local; set +a
TEXT
}

fail() {
  step=
  printf 'deploy: %s\n' "$1" >&2
  if [[ -n ${2:-} ]]; then printf '        %s\n' "$2" >&2; fi
  exit 2
}

say() { printf '%s\n' "$*"; }

while (($#)); do
  case $1 in
    --project=* | --region=* | --schedule=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
  esac
  case $1 in
    --project | --region | --schedule)
      (($# > 1)) || fail "$1 needs a value." 'scripts/deploy.sh --help'
      printf -v "${1#--}" '%s' "$2"
      shift 2
      ;;
    --dry-run) dry_run=true && shift ;;
    --yes) yes=true && shift ;;
    -h | --help) usage && exit 0 ;;
    *) fail "Unknown argument: $1" 'scripts/deploy.sh --help' ;;
  esac
done

[[ -n $project ]] || fail 'Which project?' 'scripts/deploy.sh --project YOUR_PROJECT'
[[ $project =~ ^[a-z][a-z0-9-]{4,28}[a-z0-9]$ ]] ||
  fail "$project is no project id." 'gcloud projects list shows them; the id, not the name.'
[[ $region =~ ^[a-z]+-[a-z]+[0-9]+$ ]] || fail "$region is no region." 'Such as us-central1.'

cd "$(dirname "${BASH_SOURCE[0]}")/.."

dataset=${BQ_DATASET:-sentinel_ops}
[[ $dataset =~ ^[A-Za-z0-9_]{1,1024}$ ]] || fail "BQ_DATASET $dataset is no name of a dataset."
readonly project region schedule dataset
readonly runner=sentinel-ops@$project.iam.gserviceaccount.com
readonly invoker=sentinel-ops-scheduler@$project.iam.gserviceaccount.com
readonly builder=sentinel-ops-build@$project.iam.gserviceaccount.com

# The shell of macOS knows no ${name,,}.
lower() { printf %s "$1" | tr '[:upper:]' '[:lower:]'; }

secret_name() {
  printf 'sentinel-ops-%s' "$(lower "$1" | tr _ -)"
}

# --- everything that can be known to be wrong, before anything is done ---------------------------

missing=()
for name in "${REQUIRED_SETTINGS[@]}"; do
  [[ -n ${!name:-} ]] || missing+=("$name")
done
((${#missing[@]} == 0)) ||
  fail "Missing in the environment: ${missing[*]}." 'set -a; . ./.env.local; set +a'
# It would stand readable among the function's variables.
[[ $ODOO_URL != *@* ]] || fail 'ODOO_URL holds credentials of a proxy.' 'Give it without them.'
for name in "${REQUIRED_SETTINGS[@]}" "${OPTIONAL_SETTINGS[@]}" ENVIRONMENT; do
  [[ ${!name:-} != *[$'\n\r']* ]] || fail "$name has more than one line."
done
# Of all files but the program's own, this one alone is uploaded (.gcloudignore).
if [[ -n ${SENTINEL_ALERTS:-} && ! $SENTINEL_ALERTS -ef alerts.toml ]]; then
  fail "SENTINEL_ALERTS is $SENTINEL_ALERTS; the function gets no other file than alerts.toml." \
    'Put the rules into alerts.toml in the clone, and set SENTINEL_ALERTS=alerts.toml.'
fi
if [[ $dry_run == false ]]; then
  for program in gcloud bq; do
    command -v "$program" >/dev/null ||
      fail "$program is not installed." 'https://cloud.google.com/sdk/docs/install'
  done
  [[ $yes == true || -t 0 ]] ||
    fail 'There is no terminal to ask at.' 'Give --yes, or --dry-run to see the plan.'
fi

# --- the plan ------------------------------------------------------------------------------------

given=()
for name in "${SECRET_SETTINGS[@]}"; do
  if [[ -n ${!name:-} ]]; then given+=("$(secret_name "$name")"); fi
done

cat <<PLAN
Project $project, region $region. The plan:

  1. Switch on the APIs: ${APIS[*]%%.*}
  2. Service accounts
       sentinel-ops             runs the function
       sentinel-ops-scheduler   may call the function, and do nothing else
       sentinel-ops-build       builds the function (roles/cloudbuild.builds.builder)
  3. Dataset $project:$dataset in BigQuery
       sentinel-ops may run queries (roles/bigquery.jobUser) and write to this dataset alone
  4. Secrets, each readable for sentinel-ops one by one
       from the environment: ${given[*]:-none}
       others that are in Secret Manager already are used as they are
  5. Function $FUNCTION ($RUNTIME), closed: only who has Cloud Run Invoker may call it
       ODOO_URL=$ODOO_URL ODOO_DB=$ODOO_DB ODOO_USERNAME=$ODOO_USERNAME
       ENVIRONMENT=${ENVIRONMENT:-production} SENTINEL_STORE=bigquery://$project/$dataset
  6. Scheduler job sentinel-ops-pull: POST /pull at "$schedule" (UTC), as sentinel-ops-scheduler

PLAN
if [[ -n ${SENTINEL_HTTP_TOKEN:-} ]]; then
  say 'SENTINEL_HTTP_TOKEN is not deployed: IAM guards the function, and Cloud Scheduler sends no'
  say 'token besides its own.'
  say
fi
if [[ $dry_run == true ]]; then
  say 'Dry run: nothing was done.'
  exit 0
fi
if [[ $yes == false ]]; then
  read -r -p 'Go on? [y/N] ' answer
  [[ $answer == [yY]* ]] || fail 'Stopped, nothing was done.'
fi

# --- helpers that leave alone what is there --------------------------------------------------------

finish() {
  local code=$?
  rm -rf "$scratch"
  if ((code)) && [[ -n $step ]]; then
    printf '\ndeploy: failed while %s.\n' "$step" >&2
    printf '        Mend what is said above and run it again: it goes on from there.\n' >&2
  fi
}
scratch=$(mktemp -d)
trap finish EXIT

google() { gcloud --quiet --project="$project" "$@"; }

begin() {
  step=$1
  say "== $1"
}

# Create what may be there: ensure EXISTS-COMMAND -- CREATE-COMMAND
ensure() {
  local look=()
  while [[ $1 != -- ]]; do look+=("$1") && shift; done
  shift
  if "${look[@]}" >/dev/null 2>&1; then
    return
  fi
  if ! "$@" >"$scratch/said" 2>&1; then
    # Somebody else made it meanwhile, or it may be made but not looked at.
    if ! grep -qiE 'already[ _]exists' "$scratch/said"; then
      cat "$scratch/said" >&2
      return 1
    fi
  fi
}

# A service account is known everywhere only some seconds after it was made.
patiently() {
  local try
  for try in 1 2 3 4 5 6; do
    if "$@" >"$scratch/said" 2>&1; then
      return
    fi
    if ((try == 6)) || ! grep -qi 'does not exist' "$scratch/said"; then
      break
    fi
    sleep "${SENTINEL_DEPLOY_PAUSE:-5}"
  done
  cat "$scratch/said" >&2
  return 1
}

account() {
  ensure google iam service-accounts describe "$1@$project.iam.gserviceaccount.com" \
    -- google iam service-accounts create "$1" --display-name="$2"
}

project_role() {
  patiently google projects add-iam-policy-binding "$project" \
    --member="serviceAccount:$1" --role="$2" --condition=None --format=none
}

has_secret() { google secrets describe "$1" >/dev/null 2>&1; }

# --- secrets are asked for before anything is changed, so that nothing stops half-way for them ------

step='looking for the secrets'
if [[ -z ${ODOO_PASSWORD:-}${ODOO_API_KEY:-} ]] &&
  ! has_secret "$(secret_name ODOO_PASSWORD)" && ! has_secret "$(secret_name ODOO_API_KEY)"; then
  [[ -t 0 ]] || fail "Neither ODOO_PASSWORD nor ODOO_API_KEY is set, nor in Secret Manager." \
    'Set one of them in the environment.'
  read -r -s -p "Password or API key of $ODOO_USERNAME in Odoo: " ODOO_PASSWORD
  say
  [[ -n $ODOO_PASSWORD ]] || fail 'No password was given.'
fi

# --- doing it --------------------------------------------------------------------------------------

begin 'switching on the APIs'
google services enable "${APIS[@]}"

begin 'making the service accounts'
account sentinel-ops 'Sentinel-Ops: the function'
account sentinel-ops-scheduler 'Sentinel-Ops: calls the function'
account sentinel-ops-build 'Sentinel-Ops: builds the function'
project_role "$builder" roles/cloudbuild.builds.builder
project_role "$runner" roles/bigquery.jobUser

begin "making the dataset $dataset"
ensure bq --quiet --project_id="$project" show --dataset "$project:$dataset" \
  -- bq --quiet --project_id="$project" --location="$region" mk --dataset \
  --description='What Sentinel-Ops did in Odoo, sealed' "$project:$dataset"
patiently bq --quiet --project_id="$project" --location="$region" query --use_legacy_sql=false \
  "GRANT \`roles/bigquery.dataEditor\` ON SCHEMA \`$project.$dataset\` TO \"serviceAccount:$runner\""

begin 'storing the secrets'
stored=()
for name in "${SECRET_SETTINGS[@]}"; do
  secret=$(secret_name "$name")
  value=${!name:-}
  if [[ -n $value ]]; then
    ensure google secrets describe "$secret" \
      -- google secrets create "$secret" --replication-policy=automatic
    # A version for each deployment would be paid for, and hide which one changed something.
    if [[ $(google secrets versions access latest --secret="$secret" 2>/dev/null || true) != "$value" ]]; then
      printf %s "$value" | google secrets versions add "$secret" --data-file=- --format=none
    fi
  elif ! has_secret "$secret"; then
    continue
  fi
  patiently google secrets add-iam-policy-binding "$secret" \
    --member="serviceAccount:$runner" --role=roles/secretmanager.secretAccessor --format=none
  stored+=("$(lower "$name")")
done

begin "deploying the function $FUNCTION"
# YAML takes a JSON text for a text, whatever is in it.
quoted() {
  local text=${1//\\/\\\\}
  text=${text//$'\t'/\\t}
  printf '"%s"' "${text//\"/\\\"}"
}
{
  for name in "${REQUIRED_SETTINGS[@]}" "${OPTIONAL_SETTINGS[@]}"; do
    if [[ -n ${!name:-} ]]; then printf '%s: %s\n' "$name" "$(quoted "${!name}")"; fi
  done
  printf '%s: %s\n' ENVIRONMENT "$(quoted "${ENVIRONMENT:-production}")"
  printf '%s: %s\n' GCP_PROJECT "$(quoted "$project")" BQ_DATASET "$(quoted "$dataset")"
  printf '%s: %s\n' SENTINEL_STORE "$(quoted "bigquery://$project/$dataset")"
  if [[ -n ${SENTINEL_ALERTS:-} ]]; then
    printf '%s: %s\n' SENTINEL_ALERTS "$(quoted /workspace/alerts.toml)"
  fi
  printf '%s: %s\n' LOG_FORMAT "$(quoted json)"
  # Only those that there are: to who may read single secrets, Google calls a missing one forbidden.
  printf '%s: %s\n' SENTINEL_SECRETS "$(IFS=, && quoted "gcp:${stored[*]}")"
} >"$scratch/settings.yaml"
google functions deploy "$FUNCTION" --gen2 --runtime="$RUNTIME" --region="$region" \
  --trigger-http --no-allow-unauthenticated --entry-point="$FUNCTION" --source=. \
  --service-account="$runner" \
  --build-service-account="projects/$project/serviceAccounts/$builder" \
  --env-vars-file="$scratch/settings.yaml" \
  --memory=512Mi --cpu=1 --concurrency=8 --max-instances=3 --timeout=540s --format=none
url=$(google functions describe "$FUNCTION" --gen2 --region="$region" --format='value(serviceConfig.uri)')
[[ $url == https://* ]] || fail "The function has no address: ${url:-none}."

begin 'letting the scheduler call it'
patiently google functions add-invoker-policy-binding "$FUNCTION" --region="$region" \
  --member="serviceAccount:$invoker"

begin 'scheduling the pull'
verb=create
if google scheduler jobs describe sentinel-ops-pull --location="$region" >/dev/null 2>&1; then
  verb=update
fi
patiently google scheduler jobs "$verb" http sentinel-ops-pull --location="$region" \
  --schedule="$schedule" --time-zone=Etc/UTC --uri="$url/pull" --http-method=POST \
  --oidc-service-account-email="$invoker" --oidc-token-audience="$url" \
  --attempt-deadline=540s --format=none

cat <<DONE

Deployed: $url
Try it, as somebody with the role Cloud Run Invoker:
  curl -H "Authorization: Bearer \$(gcloud auth print-identity-token)" "$url/health?deep=1"
DONE
