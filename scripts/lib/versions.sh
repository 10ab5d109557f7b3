# shellcheck shell=bash
# The versions that the scripts ask for. The plugins' versions are those of the
# npm packages in package.json; bootstrap checks that they agree.

# shellcheck disable=SC2034  # read by the scripts that source this file
{
  NODE_MAJOR=24
  PULUMI_MINIMUM=3.250.0  # an installed CLI must be at least this
  PULUMI_VERSION=3.259.0  # the one that is downloaded or built
  PLUGIN_DOCKER=5.2.0
  PLUGIN_RANDOM=4.21.2
  BASE_IMAGE=debian:trixie-slim
}
