#!/bin/sh
# The step of action.yml that scans. Inputs come as environment variables, never as text of the
# script, so that nothing in them is run.
set -eu

set -- --format "$INPUT_FORMAT" --output "$INPUT_OUTPUT"
[ -z "$INPUT_FAIL_ON" ] || set -- "$@" --fail-on "$INPUT_FAIL_ON"
[ "$INPUT_REQUIRE_COMPLETE" != true ] || set -- "$@" --require-complete

code=0
"$SCANYARD_BIN" scan "$@" -- "$INPUT_IMAGE" || code=$?
{
    echo "exit-code=$code"
    echo "report=$INPUT_OUTPUT"
} >>"$GITHUB_OUTPUT"
# The verdict is given by the action's last step, after the report was uploaded. What could not be
# scanned has no report.
case $code in
    0 | 2 | 3) ;;
    *) exit "$code" ;;
esac
