"""How long Spark, on a cluster of two workers, takes for a question to a month or a year of packs, and to the single objects of
the same lines. Nothing here is a test, but rows that differ end it; the store is read, and nothing is written but copies in a folder
that goes with it.

    SSM_REC_BENCH_STORE=FOLDER cargo run --release --example bench_store_search -- 10000
    python examples/bench_sql.py FOLDER 2026 6       # without a month, all of the year
    SSM_REC_BENCH_OPEN_MS=30 python examples/bench_sql.py FOLDER 2026

The last one asks both through a folder where whoever opens a file waits so long, as for a request to a bucket; that needs
mfusepy and libfuse besides. All need PySpark, Java and zstd. Where Java cannot read zstd outside of Parquet (Hadoop does so
in its native library alone, which PySpark does not bring), copies of the objects are asked that were unpacked before, and what
that took is not counted.
"""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time

os.environ["TZ"] = "UTC"
os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"

LINE = "first BIGINT, last BIGINT, text STRING, other BOOLEAN"
PACKED = "session STRING, first_ms BIGINT, last_ms BIGINT, text STRING"
# Answers are short: to hand a quarter of a million rows to Python takes as long from either.
QUESTIONS = {
    "who ever saw this, which is rare": """
        SELECT session, first_ms, last_ms, text FROM {lines}
        WHERE text LIKE '%needle-1234%' ORDER BY session, first_ms, text""",
    "on which days of the month, and in how many sessions, that stood": """
        SELECT day, count(*) AS lines, count(DISTINCT session) AS sessions FROM {lines}
        WHERE text LIKE '%Permission denied%' GROUP BY day ORDER BY day""",
    "lines by day of the month": """
        SELECT day, count(*) AS lines, count(DISTINCT session) AS sessions FROM {lines} GROUP BY day ORDER BY day""",
}
# The first is that of Java's compiler.
TIMES = 2


def main():
    from pyspark.sql import SparkSession

    store, year = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    days = "/".join([f"year={year:04}"] + [f"month={int(month):02}" for month in sys.argv[3:4]])
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as mounts:
        os.environ["SPARK_LOCAL_DIRS"] = folder
        spark = (
            SparkSession.builder.master("local-cluster[2,1,1024]")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.sql.warehouse.dir", folder)
            .config("spark.sql.shuffle.partitions", "4")
            .getOrCreate()
        )
        spark.sparkContext.setLogLevel("OFF")
        single = delayed(readable(spark, store / "lines" / days, pathlib.Path(folder, "copies")), mounts)
        packed = delayed(store / "packs" / "lines" / days, mounts)
        views = {
            "packs": lambda: packs(spark, packed),
            "single objects": lambda: objects(spark, single),
        }
        # The first question is that of Java's compiler.
        for view in views.values():
            view().limit(1).collect()
        for what, question in QUESTIONS.items():
            report(spark, what, question, views)
        spark.stop()


def report(spark, what, question, views):
    best, rows = {}, {}
    for _ in range(TIMES):
        for name, view in views.items():
            begun = time.monotonic()
            view().createOrReplaceTempView("asked")
            rows[name] = spark.sql(question.format(lines="asked")).collect()
            took = time.monotonic() - begun
            best[name] = min(took, best.get(name, took))
    if len(set(map(str, rows.values()))) != 1:
        sys.exit(f"{what}: the rows differ")
    packs, single = best["packs"], best["single objects"]
    count = len(rows["packs"])
    print(f"{what}: {count} rows, packs {packs:.2f} s, single objects {single:.2f} s: {single / packs:.1f} x", flush=True)


def packs(spark, folder):
    return spark.read.schema(PACKED).parquet(str(folder)).select("session", "first_ms", "last_ms", "text", "day")


def objects(spark, folder):
    read = spark.read.schema(LINE).json(str(folder))
    return read.selectExpr(
        "regexp_extract(_metadata.file_name, '^(.*)[.]jsonl', 1) AS session",
        "first AS first_ms",
        "last AS last_ms",
        "text",
        "day",
    )


def delayed(folder, mounts):
    """The folder, or where it is seen from afar."""
    milliseconds = os.environ.get("SSM_REC_BENCH_OPEN_MS")
    if not milliseconds:
        return folder
    mount = tempfile.mkdtemp()
    mounts.callback(os.rmdir, mount)
    program = pathlib.Path(__file__).with_name("delayed_folder.py")
    seen = subprocess.Popen([sys.executable, program, folder, mount, milliseconds])
    mounts.callback(seen.wait)
    # Which unmounts it.
    mounts.callback(seen.terminate)
    while not os.path.ismount(mount):
        if seen.poll() is not None:
            sys.exit(f"{folder} is not seen from afar: {program.name} ended with {seen.returncode}")
        time.sleep(0.1)
    return pathlib.Path(mount)


def readable(spark, folder, copies):
    """The folder, or one of unpacked copies."""
    found = sorted(folder.rglob("*.jsonl.zst"))
    size = sum(path.stat().st_size for path in found)
    print(f"{len(found)} objects of lines, {size / 1e6:.1f} MB", flush=True)
    one = spark.read.schema(LINE).json(str(found[0]))
    try:
        if one.where("text IS NOT NULL").count():
            return folder
        why = "it reads no line of them"
    except Exception as error:
        why = next((line for line in str(error).splitlines() if "native" in line), str(error).splitlines()[0])
    print(f"single objects are unpacked copies, since Spark does not read zstd here: {why.strip()[:160]}", flush=True)
    for day in sorted({path.parent for path in found}):
        copy = copies / day.relative_to(folder)
        copy.mkdir(parents=True, exist_ok=True)
        of_day = [path for path in found if path.parent == day]
        subprocess.run(["zstd", "-dq", "--output-dir-flat", copy, *of_day], check=True)
    return copies


main()
