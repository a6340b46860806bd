"""Asks the questions of formats/sql of a store in a folder, with DuckDB or with Spark on a cluster of two workers, and prints
the rows as JSON. Nothing here knows the answers, and no statement is another one than those that ship but for the place of
the store.

    python sql.py duckdb|spark STORE SQL
"""

import atexit
import datetime
import decimal
import json
import os
import pathlib
import re
import sys
import tempfile
import time

# Spark gives times of the machine's zone.
os.environ["TZ"] = "UTC"
time.tzset()

TYPES = {"VARCHAR": "STRING", "INTEGER": "INT", "TIMESTAMP WITH TIME ZONE": "TIMESTAMP"}


def main():
    engine, store, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    ask = {"duckdb": duckdb, "spark": spark}[engine]()
    for _, statement in statements(folder / f"{engine}.sql"):
        ask(re.sub(r"s3a?://BUCKET/PREFIX", lambda _: store, statement))
    answers, seconds = {}, {}
    for number, question in statements(folder / "questions.sql"):
        begun = time.monotonic()
        answers[number] = [[plain(value) for value in row] for row in ask(question)]
        seconds[number] = round(time.monotonic() - begun, 3)
    columns = {
        table: sorted([row[0], TYPES.get(row[1], row[1].upper())] for row in described(ask(f"DESCRIBE {table}")))
        for table in ("sessions", "commands", "lines")
    }
    print(json.dumps({
        "answers": answers,
        "columns": columns,
        "athena": athena(folder / "athena.sql"),
        "seconds": seconds,
    }))


def statements(path):
    """Each statement, and the number in the comment before it."""
    comments, lines, number = re.compile(r"--.*"), [], None
    for line in path.read_text().splitlines():
        if found := re.match(r"-- (\d+)\. ", line):
            number = found[1]
        lines.append(comments.sub("", line))
        if lines[-1].rstrip().endswith(";"):
            yield number, "\n".join(lines).strip().removesuffix(";")
            lines, number = [], None
    assert not "".join(lines).strip(), f"{path} ends in the midst of a statement"


def athena(path):
    """The columns that the tables for Athena are said to have."""
    tables = {}
    for _, statement in statements(path):
        if found := re.match(r"CREATE EXTERNAL TABLE IF NOT EXISTS `(\w+)` \((.*?)\n\)\nPARTITIONED BY \((.*?)\)", statement, re.S):
            tables[found[1]] = sorted(re.findall(r"`(\w+)` (\w+)", found[2] + found[3]))
    return tables


def described(rows):
    """Spark tells of partitions once more, below a heading."""
    for row in rows:
        if row[0].startswith("#"):
            return
        yield row


def plain(value):
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc)
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"
    if isinstance(value, decimal.Decimal):
        return int(value)
    return value


def duckdb():
    import duckdb

    connection = duckdb.connect()
    return lambda statement: connection.execute(statement).fetchall()


def spark():
    from pyspark.sql import SparkSession

    folder = tempfile.TemporaryDirectory()
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["SPARK_LOCAL_DIRS"] = folder.name
    session = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.warehouse.dir", folder.name)
        # As many parts as hands: the usual 200 are for other amounts.
        .config("spark.sql.shuffle.partitions", "4")
        .getOrCreate()
    )
    # The other way round: first it is stopped.
    atexit.register(folder.cleanup)
    atexit.register(session.stop)
    session.sparkContext.setLogLevel("ERROR")
    wait_for_workers(session)
    return lambda statement: session.sql(statement).collect()


def wait_for_workers(session):
    """Two of them, beside the one that asks."""
    memory = session.sparkContext._jsc.sc().getExecutorMemoryStatus
    for _ in range(300):
        if memory().size() == 3:
            return
        time.sleep(0.1)
    sys.exit("Spark has no two workers")


main()
