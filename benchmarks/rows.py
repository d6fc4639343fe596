"""How many bytes MySQL takes for an object and an image, with all indexes: `rows.py mysql://…`.

The address is of a server and an account that may make databases (`make stack` leaves one in
`.stack/env`); a database of its own is made there and dropped.
"""

import asyncio
import hashlib
import sys
import uuid
from urllib.parse import unquote, urlsplit

import pymysql

from shared.catalog.open import open_catalog

COUNT = 50_000
BATCH = 5000
MODEL = "efficientnet-lite0-512-1a2b3c4d"
OBJECT = (
    "INSERT INTO objects (object_id, bucket, `key`, state, image_id, size, etag, last_modified,"
    " recorded_at) VALUES (%s, %s, %s, 'indexed', %s, 81234, %s, NOW(6), NOW(6))"
)
IMAGE = (
    "INSERT INTO images (image_id, model_id, width, height, format, bytes, state, indexed_at)"
    " VALUES (%s, %s, %s, 600, 'JPEG', 81234, 'indexed', NOW(6))"
)
TAKEN = (
    "SELECT name, SUM(file_size) FROM information_schema.innodb_sys_tablespaces"
    " WHERE name LIKE %s GROUP BY name"
)


def main(url: str) -> None:
    """Fill a database and say what it takes."""
    parts = urlsplit(url)
    name = f"rows_{uuid.uuid4().hex[:12]}"
    connection = pymysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        try:
            asyncio.run(_make_tables(parts._replace(path=f"/{name}").geturl()))
            cursor.execute(f"USE {name}")
            for start in range(0, COUNT, BATCH):
                _fill(cursor, range(start, start + BATCH))
                connection.commit()
            cursor.execute(TAKEN, (f"{name}/%",))
            for table, taken in cursor.fetchall():
                if taken > COUNT * 10:
                    print(f"{table.partition('/')[2]}: {taken / COUNT:.0f} bytes a row")
        finally:
            cursor.execute(f"DROP DATABASE {name}")


async def _make_tables(url: str) -> None:
    await (await open_catalog(url, MODEL)).close()


def _fill(cursor: pymysql.cursors.Cursor, numbers: range) -> None:
    """Write objects, each of an image of its own, in the order of their keys."""
    objects, images = [], []
    for number in numbers:
        key = f"shop/2026/{number // 1000:06}/picture-{number:09}.jpg".encode()
        image_id = hashlib.sha256(key).hexdigest()
        object_id = hashlib.sha256(b"images\0" + key).digest()
        objects.append((object_id, b"images", key, image_id, image_id[:32].encode()))
        images.append((image_id, MODEL, 200 + number % 1800))
    cursor.executemany(OBJECT, objects)
    cursor.executemany(IMAGE, images)


if __name__ == "__main__":
    main(sys.argv[1])
