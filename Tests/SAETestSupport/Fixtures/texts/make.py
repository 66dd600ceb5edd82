"""Makes the folders beside it: small files of texts as Apache Arrow's library writes them.

    python3 make.py        (pyarrow 26; the files are committed)

Each has `expected.json`: the name of its file, and its texts, null for one that is missing, or words of the
error that reading it must end with.
"""

import json
import pathlib
import shutil

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
TEXTS = ["one", "", "zwei – drei", "one", None, "four\nlines\n\n,\"quoted\"", "𝔘 é", "one"]
TEXTS += [f"text {n % 5} of many, {'long ' * (n % 7)}" for n in range(60)]
WHOLE = [text or "" for text in TEXTS]


def case(name, write, expected, ending):
    folder = HERE / name
    folder.mkdir()
    write(str(folder / f"corpus.{ending}"))
    found = {"error": expected} if isinstance(expected, str) else {"texts": expected}
    (folder / "expected.json").write_text(json.dumps({"file": f"corpus.{ending}"} | found))


def table(texts=TEXTS, type=pa.string(), nullable=True):
    count = len(texts)
    columns = {
        "id": pa.array(range(count)),
        "tags": pa.array([["a", "b"][: n % 3] for n in range(count)]),
        "meta": pa.array([{"x": n, "y": str(n)} for n in range(count)]),
        "text": pa.array(texts, type=type),
        "after": pa.array([n / 2 for n in range(count)]),
    }
    names = [pa.field(k, v.type, nullable=nullable or k != "text") for k, v in columns.items()]
    return pa.Table.from_arrays(list(columns.values()), schema=pa.schema(names))


for old in HERE.iterdir():
    if old.is_dir():
        shutil.rmtree(old)

for codec in ["none", "snappy", "gzip"]:
    for version in ["1.0", "2.0"]:
        for dictionary in [True, False]:
            kind = "dictionary" if dictionary else "plain"
            case(
                f"parquet_{codec}_{kind}_v{version[0]}",
                lambda path: pq.write_table(
                    table(), path, compression=codec, use_dictionary=dictionary, row_group_size=40,
                    data_page_version=version, data_page_size=200, write_statistics=False,
                ),
                TEXTS, "parquet",
            )
case("parquet_required", lambda p: pq.write_table(table(WHOLE, nullable=False), p), WHOLE, "parquet")
case("parquet_large", lambda p: pq.write_table(table(type=pa.large_string()), p), TEXTS, "parquet")
case("parquet_empty", lambda p: pq.write_table(table([]), p), [], "parquet")
case("parquet_zstd", lambda p: pq.write_table(table(), p, compression="zstd"), "ZSTD", "parquet")
case(
    "parquet_delta",
    lambda p: pq.write_table(
        table(), p, use_dictionary=False, column_encoding={"text": "DELTA_BYTE_ARRAY"}
    ),
    "DELTA_BYTE_ARRAY", "parquet",
)
numbers = pa.table({"text": pa.array([1, 2])})
case("parquet_numbers", lambda p: pq.write_table(numbers, p), "INT64", "parquet")
nested = pa.table({"text": pa.array([["a"], ["b", "c"]])})
case("parquet_nested", lambda p: pq.write_table(nested, p), "nested", "parquet")
other = pa.table({"content": pa.array(["a"])})
case("parquet_no_column", lambda p: pq.write_table(other, p), "\"content\"", "parquet")


def stream(path, data, options=None):
    with ipc.new_stream(path, data.schema, options=options) as writer:
        for batch in data.to_batches(max_chunksize=30):
            writer.write_batch(batch)


case("arrow_stream", lambda p: stream(p, table()), TEXTS, "arrow")
case("arrow_large", lambda p: stream(p, table(type=pa.large_string())), TEXTS, "arrow")
case("arrow_file", lambda p: feather.write_feather(table(), p, compression="uncompressed"), TEXTS, "arrow")
encoded = table().set_column(3, "text", table()["text"].dictionary_encode())
case("arrow_dictionary", lambda p: stream(p, encoded), TEXTS, "arrow")
short = table().set_column(3, "text", table()["text"].cast(pa.dictionary(pa.int8(), pa.string())))
case("arrow_dictionary_int8", lambda p: stream(p, short), TEXTS, "arrow")
case("arrow_empty", lambda p: stream(p, table([])), [], "arrow")
case(
    "arrow_compressed",
    lambda p: stream(p, table(), ipc.IpcWriteOptions(compression="lz4")), "compress", "arrow",
)
case("arrow_numbers", lambda p: stream(p, numbers), "int", "arrow")
case("arrow_no_column", lambda p: stream(p, other), "\"content\"", "arrow")
