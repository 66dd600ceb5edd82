#!/bin/sh
# Creates the virtual environment .venv beside this script, with the pinned peers in it.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "setup.sh: the pinned packages need Python 3.11 or later; name one with PYTHON=..." >&2
  exit 1
}
"$python" -m venv "$here/.venv"
pip="$here/.venv/bin/python -m pip --disable-pip-version-check"

# PyPI's PyTorch for Linux is built for CUDA and cannot be imported without its libraries.
# PyTorch's own index has the same version for the processor alone ("+cpu"), which pip prefers;
# where that index cannot be reached, a wheel that pip is configured to find does as well.
$pip install --no-deps --retries 1 \
  --extra-index-url https://download.pytorch.org/whl/cpu \
  "$(grep '^torch==' "$here/requirements.txt")"
$pip install --no-deps -r "$here/requirements.txt"

for module in torch numpy sae_lens dictionary_learning.trainers sparsify; do
  "$here/.venv/bin/python" -c "import $module" >/dev/null || {
    echo "setup.sh: $module was installed but cannot be imported" >&2
    exit 1
  }
done
echo "peers installed in $here/.venv"
