# shellcheck shell=bash
# Step: a Docker engine that answers. Reachable, else started, else installed on
# Debian.

engine_answers() { docker version --format '{{.Server.Version}}' 2>&1; }

step_engine() {
  local answer
  if have docker && answer="$(engine_answers)"; then
    found "Docker engine" "$answer${DOCKER_HOST:+, $DOCKER_HOST}"
    return
  fi
  [ -z "${DOCKER_HOST:-}" ] || die "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST. ${answer:-The docker command is missing.}"
  case "${answer:-}" in
    *"permission denied"*) die "this user may not use the Docker engine: add it to the group docker (usermod -aG docker $(id -un)) and log in again." ;;
  esac
  if [ "$(platform_os)" = darwin ]; then
    die "no Docker engine answers: start Docker Desktop, OrbStack or colima."
  fi
  if ! { have docker && have dockerd; }; then
    debian_root || die "no Docker engine is installed. Install one (https://docs.docker.com/engine/install/), or set DOCKER_HOST to one that runs elsewhere."
    echo "  installing Docker's engine from Debian"
    install_engine
  fi
  [ "$(id -u)" = 0 ] || die "the Docker engine is installed but does not run, and only root can start it: sudo systemctl start docker"
  # The lock keeps two runs from starting two.
  with_lock engine bash "$REPO/scripts/bootstrap/start-engine.sh"
  installed "Docker engine" "$(engine_answers), started"
}

install_engine() {
  . "$REPO/scripts/lib/apt.sh"
  with_lock apt apt_install docker.io iptables
  # Since Debian 13 the client is a package of its own.
  have docker || with_lock apt apt_install docker-cli
}
