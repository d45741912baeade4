"""The object store of git, read without git: loose objects, packs, bundles."""
