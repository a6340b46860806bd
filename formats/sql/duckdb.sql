-- Views over packs for DuckDB (1.2 and later).
-- Nothing here writes to the store. Year, month and day are found in the names of the folders, as numbers: 03 is 3.
--
-- In place of s3://BUCKET/PREFIX stands the store. For a bucket, first:
--     INSTALL httpfs; LOAD httpfs; CREATE SECRET (TYPE s3, PROVIDER credential_chain);
-- A store in a folder is its path. Each question lists the packs anew; questions for them are in questions.sql.
--
-- What packs say is a hint and no evidence: whoever may write below packs/ may write anything there. What is to be relied on is
-- looked at again in the session itself: ssm-rec play SESSION@TIME, ssm-rec verify SESSION. Of a sealed session only its row in
-- sessions is there; of one that is in no pack yet (ssm-rec compact) nothing is.

-- Times of the store are of UTC, and so are its days.
SET TimeZone = 'UTC';

-- What the others call so.
CREATE OR REPLACE MACRO regexp_like(string, pattern) AS regexp_matches(string, pattern);

CREATE OR REPLACE VIEW sessions AS
SELECT * FROM read_parquet(
    's3://BUCKET/PREFIX/packs/sessions/*/*/*/*.parquet',
    hive_partitioning = true,
    hive_types = {'year': INTEGER, 'month': INTEGER, 'day': INTEGER}
);

CREATE OR REPLACE VIEW commands AS
SELECT * FROM read_parquet(
    's3://BUCKET/PREFIX/packs/commands/*/*/*/*.parquet',
    hive_partitioning = true,
    hive_types = {'year': INTEGER, 'month': INTEGER, 'day': INTEGER}
);

CREATE OR REPLACE VIEW lines AS
SELECT * FROM read_parquet(
    's3://BUCKET/PREFIX/packs/lines/*/*/*/*.parquet',
    hive_partitioning = true,
    hive_types = {'year': INTEGER, 'month': INTEGER, 'day': INTEGER}
);

-- Commands, and lines, beside what is known of their session.
CREATE OR REPLACE VIEW ran AS
SELECT c.*, s.reason, s.document, s.account, s.region, s.exit_kind, s.explained
FROM commands c
JOIN sessions s ON s.session = c.session AND s.year = c.year AND s.month = c.month AND s.day = c.day;

CREATE OR REPLACE VIEW seen AS
SELECT l.*, s.reason, s.document, s.account, s.region
FROM lines l
JOIN sessions s ON s.session = l.session AND s.year = l.year AND s.month = l.month AND s.day = l.day;
