"""Where files lie: on a disk, behind an address, in a database, a cache or an archive.

A config names the place by `file_client_args` (0.x) or `backend_args` (1.x), else a path tells by
its prefix: see `choose.py`. Each place is a backend, one file each. A backend holds no connection,
so that it can be copied, pickled and forked; `opened.py` keeps what is open, per process.

To add a backend: 1. derive from `Backend` in a file of its own; 2. add it to `BACKENDS`, and its
prefixes to `PREFIXES`, in `choose.py`; 3. test it against the real thing in `tests/data/storage/`.
"""

from mmlight.data.storage.choose import choose_backend as choose_backend
from mmlight.data.storage.choose import is_remote as is_remote
from mmlight.data.storage.choose import register_backend as register_backend
from mmlight.data.storage.files import is_file as is_file
from mmlight.data.storage.files import is_folder as is_folder
from mmlight.data.storage.files import list_files as list_files
from mmlight.data.storage.files import list_folders as list_folders
from mmlight.data.storage.files import read_bytes as read_bytes
from mmlight.data.storage.files import read_text as read_text
