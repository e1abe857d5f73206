"""Files: where they lie, their values and their paths."""

from typing import Final

from mmlight.compat.offers.offer import Offer

OFFERS: Final = (
    Offer(
        "mmlight.data.storage.backend",
        "BaseStorageBackend=Backend",
        "mmcv mmcv.fileio mmcv.fileio.file_client mmengine mmengine.fileio "
        "mmengine.fileio.backends mmengine.fileio.backends.base",
    ),
    Offer(
        "mmlight.data.storage.local",
        "LocalBackend",
        "mmengine mmengine.fileio mmengine.fileio.backends mmengine.fileio.backends.local_backend",
    ),
    Offer(
        "mmlight.data.storage.local",
        "HardDiskBackend=LocalBackend",
        "mmcv.fileio.file_client mmengine mmengine.fileio mmengine.fileio.file_client",
    ),
    Offer(
        "mmlight.data.storage.web",
        "HTTPBackend",
        "mmcv.fileio.file_client mmengine mmengine.fileio mmengine.fileio.backends "
        "mmengine.fileio.backends.http_backend",
    ),
    Offer(
        "mmlight.data.storage.lmdb",
        "LmdbBackend",
        "mmcv.fileio.file_client mmengine mmengine.fileio mmengine.fileio.backends "
        "mmengine.fileio.backends.lmdb_backend",
    ),
    Offer(
        "mmlight.data.storage.memcached",
        "MemcachedBackend",
        "mmcv.fileio.file_client mmengine mmengine.fileio mmengine.fileio.backends "
        "mmengine.fileio.backends.memcached_backend",
    ),
    Offer(
        "mmlight.data.storage.petrel",
        "PetrelBackend",
        "mmcv.fileio.file_client mmengine mmengine.fileio mmengine.fileio.backends "
        "mmengine.fileio.backends.petrel_backend",
    ),
    Offer("mmlight.data.storage.petrel", "CephBackend", "mmcv.fileio.file_client"),
    Offer(
        "mmlight.data.storage.choose",
        "register_backend",
        "mmengine mmengine.fileio mmengine.fileio.backends mmengine.fileio.backends.registry_utils",
    ),
    Offer(
        "mmlight.compat.fileio",
        "FileClient",
        "mmcv mmcv.fileio mmcv.fileio.file_client mmengine mmengine.fileio "
        "mmengine.fileio.file_client",
    ),
    Offer(
        "mmlight.compat.fileio",
        "get_file_backend get get_text get_local_path put put_text exists isdir "
        "isfile join_path copyfile copytree copyfile_from_local copyfile_to_local "
        "copytree_from_local copytree_to_local remove rmtree copy_if_symlink_fails "
        "list_dir_or_file",
        "mmengine mmengine.fileio mmengine.fileio.io",
    ),
    Offer(
        "mmlight.compat.file_values",
        "load dump",
        "mmcv mmcv.fileio mmcv.fileio.io mmengine mmengine.fileio mmengine.fileio.io",
    ),
    Offer(
        "mmlight.compat.file_values",
        "list_from_file dict_from_file",
        "mmcv mmcv.fileio mmcv.fileio.parse mmengine mmengine.fileio mmengine.fileio.parse",
    ),
    Offer(
        "mmlight.compat.path",
        "is_filepath fopen check_file_exist mkdir_or_exist symlink scandir",
        "mmcv mmcv.utils mmcv.utils.path mmengine mmengine.utils mmengine.utils.path",
    ),
    Offer("mmlight.compat.path", "is_abs", "mmengine mmengine.utils mmengine.utils.path"),
)
