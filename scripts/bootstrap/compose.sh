# shellcheck shell=bash
# Step: the Compose plugin, which only the bundle needs, and buildx, which makes
# image builds nicer. Neither is required, so a failure here is a warning.

step_compose() {
  local compose buildx
  if compose="$(docker compose version --short 2>/dev/null)" && buildx="$(docker buildx version 2>/dev/null)"; then
    buildx="${buildx#* }"
    found "Compose" "$compose, buildx ${buildx%% *}"
    return
  fi
  if ! debian_root; then
    warn "Docker Compose v2 or buildx is missing: only the Compose bundle needs it. See https://docs.docker.com/compose/install/."
    return
  fi
  # Errors inside end that process, not this one.
  if with_lock apt bash "$REPO/scripts/bootstrap/install-compose.sh"; then
    installed "Compose" "$(docker compose version --short), buildx, from Debian 13"
  else
    warn "Docker Compose could not be installed: only the Compose bundle needs it."
  fi
}
