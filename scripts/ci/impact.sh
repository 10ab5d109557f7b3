#!/usr/bin/env bash
# Says on a pull request what it would do to a stack's sessions:
# scripts/ci/impact.sh STACK BASE
#
# Compares with the deployed state where the job has access to it, else with what
# BASE declares, for which neither credentials nor an engine are needed. The text
# goes to the summary of the run and, with GH_TOKEN and PULL_REQUEST set, into one
# comment per stack, which the next run edits. Ends non-zero when a change is
# refused.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
. "$REPO/scripts/lib/stack.sh"

require_stack "${1:-}"
base="${2:?the commit that the pull request is merged into}"
: "${RUNNER_TEMP:?the folder for what the job throws away}"
: "${GITHUB_STEP_SUMMARY:?the file that the run shows as its summary}"

# No program of the checkout needs the token.
preview() { env -u GH_TOKEN "$REPO/pgstack" preview --stack "$STACK_REF" --markdown "$@"; }

# 0 and 3 are answers; anything else says why there is none.
answered() { [ "$1" = 0 ] || [ "$1" = 3 ]; }

status=1 text=''
case "${PULUMI_BACKEND_URL:-}" in
  # What scripts/ci/preview-backend.sh made: an empty state.
  '' | "file://$RUNNER_TEMP/"*) ;;
  *) status=0; text="$(preview)" || status=$? ;;
esac
answered "$status" || { status=0; text="$(preview --base "$base" 2>"$RUNNER_TEMP/impact-error")" || status=$?; }
if ! answered "$status"; then
  # Such as a base without this command: no reason to fail what is to be merged.
  cat "$RUNNER_TEMP/impact-error" >&2
  # shellcheck disable=SC2016  # backticks of Markdown
  text="$(printf '### Impact on `%s` is not known\n\n```\n%s\n```\n' "$STACK" "$(cat "$RUNNER_TEMP/impact-error")")"
fi

marker="<!-- pgstack impact: $STACK -->"
printf '%s\n%s\n' "$marker" "$text" | tee "$RUNNER_TEMP/impact.md" >>"$GITHUB_STEP_SUMMARY"
cat "$RUNNER_TEMP/impact.md"

if [ -n "${GH_TOKEN:-}" ] && [ -n "${PULL_REQUEST:-}" ]; then
  comments="repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments"
  id="$(gh api --paginate "$comments" --jq ".[] | select(.body | startswith(\"$marker\")) | .id" | head -n 1)"
  if [ -n "$id" ]; then
    gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field "body=@$RUNNER_TEMP/impact.md" >/dev/null
  else
    gh api --method POST "$comments" --field "body=@$RUNNER_TEMP/impact.md" >/dev/null
  fi
fi
[ "$status" != 3 ] || die "a change of $STACK is refused: see above"
