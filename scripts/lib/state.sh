# shellcheck shell=bash
# Where Pulumi's state and the passphrase of its secrets lie, unless the caller
# has a backend of their own.

STATE="${PGSTACK_STATE:-$REPO/.pgstack/state}"
PASSPHRASE_FILE="$REPO/.pgstack/passphrase"

state_env() {
  local own="file://$STATE"
  if [ -n "${PULUMI_BACKEND_URL:-}" ]; then
    # Set by an earlier `make env` is not the caller's own.
    [ "$PULUMI_BACKEND_URL" = "$own" ] || return 0
  elif [ -n "${PULUMI_ACCESS_TOKEN:-}" ]; then
    return 0
  fi
  (umask 077 && mkdir -p "$STATE")
  chmod 700 "$STATE"
  export_line PULUMI_BACKEND_URL "$own"
  passphrase_env
}

passphrase_env() {
  [ -z "${PULUMI_CONFIG_PASSPHRASE:-}" ] || return 0
  # Exported but empty counts as a passphrase for Pulumi and hides the file.
  if [ -n "${PULUMI_CONFIG_PASSPHRASE+set}" ]; then echo "unset PULUMI_CONFIG_PASSPHRASE"; fi
  [ -z "${PULUMI_CONFIG_PASSPHRASE_FILE:-}" ] || [ "$PULUMI_CONFIG_PASSPHRASE_FILE" = "$PASSPHRASE_FILE" ] || return 0
  if [ ! -s "$PASSPHRASE_FILE" ]; then
    # A new passphrase would not open what an old one closed.
    if [ -n "$(find "$STATE" -name '*.json' -path '*/.pulumi/stacks/*' -print 2>/dev/null | head -n 1)" ]; then
      refuse "the passphrase file $PASSPHRASE_FILE is gone, but $STATE holds stacks that were encrypted with it: put it back from your backup."
    fi
    generate_passphrase
  fi
  export_line PULUMI_CONFIG_PASSPHRASE_FILE "$PASSPHRASE_FILE"
}

generate_passphrase() {
  local new="$PASSPHRASE_FILE.$$"
  (
    umask 077
    mkdir -p "$(dirname "$PASSPHRASE_FILE")"
    # 32 random bytes in hexadecimal.
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$new"
  )
  # A link, unlike a rename, never replaces one that another run has just made.
  if ln "$new" "$PASSPHRASE_FILE" 2>/dev/null; then
    echo "generated $PASSPHRASE_FILE: back this file up, without it the state is unreadable" >&2
  fi
  rm -f "$new"
  [ -s "$PASSPHRASE_FILE" ] || refuse "$PASSPHRASE_FILE could not be written"
}
