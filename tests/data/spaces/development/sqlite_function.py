from typing import Literal


def bench(
    database: str = "bench.db",
    page_size: Literal[1024, 2048, 4096, 8192, 16384] = 4096,
    cache_pages: int = 2000,
    mmap_bytes: int = 1048576,
    journal_mode: Literal["delete", "wal", "memory"] = "delete",
    wal_autocheckpoint: int = 1000,
    rows: int = 100000,
) -> float:
    """Insert and read `rows` rows; return the seconds that took."""
