#!/bin/sh
# Asks a Scanyard service whether an image may be deployed: pre-deploy.sh NAME@sha256:DIGEST
#
# The image is named by its digest, because a tag could move between the answer and the deployment.
# SCANYARD_SERVER and SCANYARD_API_KEY (or SCANYARD_API_KEY_FILE) say whom to ask, SCANYARD_FAIL_ON
# what fails the gate (high unless set), SCANYARD_BIN which program to run.
#
# Exit codes are those of `scanyard submit`: 0 the image passes; 1 it could not be scanned; 2 the
# gate failed; 3 something could not be assessed; 64 wrong usage.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: $0 NAME@sha256:DIGEST" >&2
    exit 64
fi
case $1 in
    *@sha256:*) ;;
    *)
        echo "$0: $1 has no digest, and a tag may move: name the image as NAME@sha256:DIGEST" >&2
        exit 64
        ;;
esac
exec "${SCANYARD_BIN:-scanyard}" submit --wait --require-complete \
    --fail-on "${SCANYARD_FAIL_ON:-high}" -- "$1"
