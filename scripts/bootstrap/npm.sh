# shellcheck shell=bash
# Step: npm packages, exactly those of the lock file.

step_npm() {
  if packages_current; then
    found "npm packages" "as in package-lock.json"
  else
    with_lock npm install_packages
    installed "npm packages" "from package-lock.json"
  fi
}

PACKAGES_STAMP="$REPO/node_modules/.pgstack-lock"
# Some packages hold binaries, so the platform counts too.
packages_wanted() { printf '%s %s\n' "$(sha256 <"$REPO/package-lock.json" | cut -c1-64)" "$(uname -sm)"; }
packages_current() { [ "$(cat "$PACKAGES_STAMP" 2>/dev/null)" = "$(packages_wanted)" ]; }

install_packages() {
  # Another run may have installed them while this one waited for its turn.
  if packages_current; then return; fi
  have npm || die "npm is missing. Node's own archive holds it; on Debian: apt-get install npm."
  # npm deletes node_modules first, so an interrupted run leaves no stamp. Through a link it would delete another checkout's.
  if [ -L "$REPO/node_modules" ]; then
    die "node_modules is a link to $(readlink "$REPO/node_modules"), and the packages there are not those of package-lock.json: run make setup there."
  fi
  local output
  output="$(cd "$REPO" && npm ci --no-audit --no-fund --loglevel=error 2>&1)" || {
    # The cause comes first; npm's usage text follows.
    head -n 15 <<<"$output" >&2
    die "npm ci failed. If the registry is a mirror: npm config set registry <url>."
  }
  packages_wanted >"$PACKAGES_STAMP"
}
