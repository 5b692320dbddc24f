"""Places of artifacts, accessed without the store: a folder, and a prefix in a bucket."""

from __future__ import annotations

from pathlib import Path

from google.cloud import storage


class Folder:
    """A folder, accessed through the file system."""

    def __init__(self, root):
        self.root = str(root)

    def overwrite(self, key, content):
        path = Path(self.root) / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def content(self, key):
        return (Path(self.root) / key).read_bytes()

    def delete(self, key):
        (Path(self.root) / key).unlink()

    def keys(self, prefix=""):
        root = Path(self.root)
        keys = (p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())
        return sorted(key for key in keys if key.startswith(prefix))


class Cloud:
    """A prefix in a bucket, accessed through Google's client."""

    def __init__(self, bucket):
        self.prefix = "some/prefix"
        self.root = f"{bucket.root}/{self.prefix}"
        self.bucket = storage.Client().bucket(bucket.name)

    def _blob(self, key):
        return self.bucket.blob(f"{self.prefix}/{key}")

    def overwrite(self, key, content):
        self._blob(key).upload_from_string(content)

    def content(self, key):
        return self._blob(key).download_as_bytes()

    def delete(self, key):
        self._blob(key).delete()

    def keys(self, prefix=""):
        keys = (b.name.removeprefix(f"{self.prefix}/") for b in self.bucket.list_blobs())
        return sorted(key for key in keys if key.startswith(prefix))
