# shellcheck shell=bash
# What the commands on one stack share: a checked name, a selected stack, the
# stack's data volumes.

PROJECT="$(sed -n "s/^name:[[:space:]]*[\"']\{0,1\}\([A-Za-z0-9_.-]*\).*/\1/p" "$REPO/Pulumi.yaml" 2>/dev/null | head -n 1)"
PROJECT="${PROJECT:-pgstack}"

# require_stack NAME: NAME is stack, organization/stack or organization/project/stack, as Pulumi takes it (src/config/stack-name.ts has
# the same). There must be a config file of that stack. Sets STACK, its own name, and STACK_REF, what Pulumi is given.
require_stack() {
  local file known='' given="${1:-}" project
  if [ -n "$given" ]; then
    [[ $given =~ ^([A-Za-z0-9_.-]{1,100}/){0,2}[A-Za-z0-9_.-]{1,100}$ ]] ||
      die "\"$given\" is not the name of a stack: give stack, organization/stack or organization/project/stack"
    if [[ $given == */*/* ]]; then
      project="${given#*/}"
      [ "${project%%/*}" = "$PROJECT" ] || die "\"$given\" is a stack of the project ${project%%/*}, this folder holds $PROJECT"
    fi
  fi
  STACK_REF="$given"
  set -- "${given##*/}"
  for file in "$REPO"/Pulumi.*.yaml; do
    [ -e "$file" ] || continue
    file="$(basename "$file" .yaml)"
    known="$known ${file#Pulumi.}"
  done
  case " $known " in
    *" ${1:-?} "*) STACK="$1" ;;
    *) die "there is no stack ${1:-''}: Pulumi.${1:-<stack>}.yaml is missing. Stacks here:${known:- none}." ;;
  esac
}

# Tools, backend and passphrase for this process. In a step of its own, because
# the script's output is a failing command when something is wrong. Arguments go to it.
use_env() {
  local lines
  lines="$("$REPO/scripts/env.sh" "$@")"
  eval "$lines"
}

# Creates the stack in the backend when it is not there yet.
select_stack() {
  local file="$REPO/Pulumi.$STACK.yaml"
  if ! grep -q '^encryptionsalt:' "$file" && [ -n "${PULUMI_CONFIG_PASSPHRASE_FILE:-}${PULUMI_CONFIG_PASSPHRASE:-}" ]; then
    echo "note: this first run writes the line encryptionsalt to Pulumi.$STACK.yaml; it belongs to your passphrase and may be committed"
  fi
  pulumi stack select --cwd "$REPO" --create --non-interactive "$STACK_REF" >/dev/null
}

# Only these words of Pulumi mean no: purge deletes the volumes of a stack that is taken for gone.
in_backend() {
  local said
  said="$(pulumi stack select --cwd "$REPO" --non-interactive "$1" 2>&1 >/dev/null)" && return 0
  [[ $said == *"no stack named"* ]] && return 1
  die "Pulumi cannot look for the stack $1: ${said#error: }"
}

# Everything but the data volumes, which Pulumi retains.
destroy_stack() {
  if ! in_backend "$STACK_REF"; then
    echo "the stack $STACK is not in this backend: nothing to destroy"
    return
  fi
  # shellcheck disable=SC2086  # several options in one variable
  pulumi destroy --cwd "$REPO" --stack "$STACK_REF" ${DESTROY_FLAGS---yes --skip-preview}
}

# docker_host_in FILE: its key dockerHost, without Node, which may not be there yet. The key is in the namespace of the project, in
# pgstack's own, or in none; compared as text: a project's name may hold a dot. Pulumi.yaml may have a mapping with value or default.
docker_host_in() {
  [ -e "$1" ] || return 0
  awk -v own="$PROJECT:dockerHost:" -v fixed=pgstack:dockerHost: '
    function say(text) { sub(/[ \t]#.*/, "", text); gsub(/[ \t\r"\047{}]/, "", text); sub(/,.*/, "", text); print text; exit }
    { key = $1; gsub(/["\047]/, "", key) }
    inside && (key == "value:" || key == "default:") { sub(/^[ \t]*[a-z]+:[ \t]*/, ""); say($0) }
    inside && !/^[ \t]*(type|description|secret):/ { exit }
    index(key, own) == 1 || index(key, fixed) == 1 || index(key, "dockerHost:") == 1 {
      sub(/^[ \t]*[^ \t]*dockerHost["\047]?:[ \t]*/, "")
      if (/^(#.*)?$/) { inside = 1; next }
      if (/^\{/) { if (!match($0, /(value|default):/)) exit; $0 = substr($0, RSTART + RLENGTH) }
      say($0)
    }' "$1"
}

# The engine that the stack's config names, for docker in this process and below.
# DOCKER_HOST does not count: Pulumi would not use it either.
use_stack_engine() {
  local host
  host="$(docker_host_in "$REPO/Pulumi.$STACK.yaml")"
  # What stacks share; the stack's own file wins.
  [ -n "$host" ] || host="$(docker_host_in "$REPO/Pulumi.yaml")"
  if [ -n "${DOCKER_HOST:-}" ] && [ "$DOCKER_HOST" != "${host:-unix:///var/run/docker.sock}" ]; then
    echo "note: DOCKER_HOST is ignored; dockerHost in Pulumi.$STACK.yaml says where the stack runs" >&2
  fi
  # Unset stands for the local engine, which bootstrap can start or install.
  if [ -n "$host" ] && [ "$host" != unix:///var/run/docker.sock ]; then export DOCKER_HOST="$host"; else unset DOCKER_HOST; fi
}

# Names of the stack's data volumes. Docker's own filter knows parts of names only, and a stack's name may hold a dot, which a
# regular expression takes for any character: the prefix is compared as text.
data_volumes() {
  local names
  names="$(docker volume ls --quiet --filter "name=$PROJECT-$STACK-")" || return 1
  awk -v prefix="$PROJECT-$STACK-" \
    'index($0, prefix) == 1 && substr($0, length(prefix) + 1) ~ /^(pg[0-9]+|prometheus|alertmanager)-data$/' <<<"$names" | LC_ALL=C sort
}
