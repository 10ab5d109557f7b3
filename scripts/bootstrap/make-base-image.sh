#!/usr/bin/env bash
# Makes debian:trixie-slim out of Debian's packages, with the same apt sources
# and the same omissions as the published image. Needs root on Debian.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
. "$REPO/scripts/lib/versions.sh"

# Another run may have made it while this one waited for its turn.
docker image inspect "$BASE_IMAGE" >/dev/null 2>&1 && exit 0

if ! have debootstrap; then
  echo "  installing debootstrap"
  . "$REPO/scripts/lib/apt.sh"
  apt_install debootstrap
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
root="$work/root"
log="$work/log"

echo "  debootstrap trixie (20 to 60 s)"
if ! debootstrap --variant=minbase trixie "$root" >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  die "debootstrap failed: the Debian mirror may be out of reach"
fi

cat >"$root/etc/apt/sources.list.d/debian.sources" <<'SOURCES'
Types: deb
URIs: http://deb.debian.org/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: trixie-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp
SOURCES
rm "$root/etc/apt/sources.list"

# Packages that are installed later leave out the same files.
cat >"$root/etc/dpkg/dpkg.cfg.d/docker" <<'DPKG'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/groff/*
path-exclude /usr/share/info/*
path-exclude /usr/share/linda/*
path-exclude /usr/share/lintian/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
DPKG
cat >"$root/etc/apt/apt.conf.d/docker-slim" <<'APT'
// No package files and no translations are kept in layers, and nothing that a
// package only suggests holds another one back from removal.
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Apt::AutoRemove::SuggestsImportant "false";
APT
# Services do not start because a package was installed.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

echo "  security updates"
if ! chroot "$root" sh -c 'apt-get update && DEBIAN_FRONTEND=noninteractive apt-get -y dist-upgrade' >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  die "the updates for the base image failed"
fi

find "$root/usr/share/doc" -mindepth 2 ! -name copyright ! -type d -delete
find "$root/usr/share/doc" -mindepth 1 -type d -empty -delete
rm -rf "$root"/usr/share/{groff,info,linda,lintian,locale,man}/*
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/cache/ldconfig/* "$root"/var/cache/debconf/*-old \
  "$root"/var/lib/dpkg/*-old "$root"/var/log/* "$root"/tmp/* "$root"/var/tmp/*
# debootstrap copies these two from the machine it runs on.
: >"$root/etc/resolv.conf"
rm -f "$root/etc/hostname"

tar --create --numeric-owner --directory "$root" . |
  docker import --change 'CMD ["bash"]' --message "debootstrap --variant=minbase trixie" - "$BASE_IMAGE" >/dev/null
