#!/bin/sh
# Builds the command `sae`, trains small autoencoders with it, and opens what it writes with SAELens and
# sparsify: interop.sh. The peers come from .venv (setup.sh), or from the Python that SAE_PEERS_PYTHON
# names; a built command from SAE_COMMAND.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
python=${SAE_PEERS_PYTHON:-$here/.venv/bin/python}

if [ -z "${SAE_COMMAND:-}" ]; then
  tools=$here/../../Tools
  swift build -c release --package-path "$tools" --product sae >&2
  SAE_COMMAND=$(swift build -c release --package-path "$tools" --show-bin-path)/sae
fi
[ -n "${SAE_PEERS_PYTHON:-}" ] || [ -x "$python" ] || "$here/setup.sh" >&2
exec "$python" "$here/interop.py" "$SAE_COMMAND"
