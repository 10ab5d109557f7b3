# shellcheck shell=bash
# Step: the base image of the project's images. Pulled where an image registry
# answers, else made from Debian's own packages.

step_image() {
  if docker image inspect "$BASE_IMAGE" >/dev/null 2>&1; then
    found "base image" "$BASE_IMAGE"
    return
  fi
  if probe_registry && docker pull --quiet "$BASE_IMAGE" >/dev/null; then
    installed "base image" "$BASE_IMAGE, pulled"
    return
  fi
  debian_root || die "the image $BASE_IMAGE is missing and no image registry answers." \
    "Load it from elsewhere (docker save, docker load), or run this as root on Debian, where it can be made from packages."
  with_lock base-image bash "$REPO/scripts/bootstrap/make-base-image.sh"
  installed "base image" "$BASE_IMAGE, made from Debian packages"
}

# Whether a pull is worth a try; the engine itself would wait far longer.
probe_registry() {
  # A mirror in the engine's own settings is in reach where docker.io is not.
  [ "$(docker info --format '{{len .RegistryConfig.Mirrors}}' 2>/dev/null)" = 0 ] || return 0
  if ! have curl; then
    timeout 3 bash -c ': </dev/tcp/registry-1.docker.io/443' 2>/dev/null
    return
  fi
  # 401 is the registry's answer to a caller without a token: it is there.
  case "$(curl --silent --output /dev/null --max-time 3 --write-out '%{http_code}' https://registry-1.docker.io/v2/ 2>/dev/null)" in
    200 | 401) return 0 ;;
    *) return 1 ;;
  esac
}
