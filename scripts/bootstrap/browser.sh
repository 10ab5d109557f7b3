# shellcheck shell=bash
# Step: a headless Chromium, for the test of the status page and for its pictures
# in docs. Not for running a stack, so `make setup` leaves it out.

# The programs that testing/browser.ts looks for.
find_browser() {
  local program
  for program in ${BROWSER_PROGRAM:-} chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$program" && return
  done
  return 1
}

step_browser() {
  local program
  if program="$(find_browser)"; then
    found "browser" "$(basename "$program")"
  elif debian_root; then
    . "$REPO/scripts/lib/apt.sh"
    echo "  installing Chromium's headless shell from Debian"
    with_lock apt apt_install chromium-headless-shell fonts-liberation
    installed "browser" "$(basename "$(find_browser)")"
  elif [ "${CI:-}" = true ]; then
    die "no browser: install Chromium or Chrome, or name one by BROWSER_PROGRAM"
  else
    warn "no browser is here, so the test of the status page is skipped: install Chromium or Chrome, or name one by BROWSER_PROGRAM"
  fi
}
