#!/bin/sh
# Builds this package's benchmarks, installs the peers where that is still to be done, and
# measures both in turn: run.sh gemm, run.sh train --variants topk, run.sh encode.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)

swift build -c release --package-path "$here/.." >&2
[ -x "$here/.venv/bin/python" ] || "$here/setup.sh" >&2
exec "$here/.venv/bin/python" "$here/compare.py" "$@"
