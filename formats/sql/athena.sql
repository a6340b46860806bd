-- Tables over packs for Amazon Athena (engine version 3), and two views over them.
-- Nothing here writes to the store, needs a crawler, or is told of a new day: the days are worked out from the question.
--
-- In place of s3://BUCKET/PREFIX stands the store, as SSM_REC_STORE names it; Athena takes one statement at a time.
-- Questions for them are in questions.sql. Say in each which year is meant, and the month where it is known: every day that a
-- question does not rule out is looked for in the bucket. Years outside of projection.year.range are not looked for at all.
--
-- What packs say is a hint and no evidence: whoever may write below packs/ may write anything there. What is to be relied on is
-- looked at again in the session itself: ssm-rec play SESSION@TIME, ssm-rec verify SESSION. Of a sealed session only its row in
-- sessions is there; of one that is in no pack yet (ssm-rec compact) nothing is.
--
-- These statements follow Athena's documentation and were not run in Athena. That they name each column of the files, and with
-- its type, is tested; the questions are tested in DuckDB and Spark.

-- Where ssm-rec search --engine athena looks for them; the other statements are run in it.
CREATE DATABASE IF NOT EXISTS ssm_rec;

-- A row a session.
CREATE EXTERNAL TABLE IF NOT EXISTS `sessions` (
    `session` STRING,
    `target` STRING,
    `document` STRING,
    `reason` STRING,
    `region` STRING,
    `account` STRING,
    `operator` STRING,
    `local_user` STRING,
    `local_host` STRING,
    `client_version` STRING,
    `agent_version` STRING,
    `started` TIMESTAMP,
    `ended` TIMESTAMP,
    `duration_ms` BIGINT,
    `exit_kind` STRING,
    `exit_status` INT,
    `sealed` BOOLEAN,
    `recovered` BOOLEAN,
    `unrecorded_from_ms` BIGINT,
    `gaps` INT,
    `connections` BIGINT,
    `output_bytes` BIGINT,
    `lines` BIGINT,
    `commands` BIGINT,
    `explained` DOUBLE,
    `chain_head` STRING,
    `manifest` STRING
)
PARTITIONED BY (`year` INT, `month` INT, `day` INT)
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/packs/sessions/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.year.type' = 'integer',
    'projection.year.range' = '2025,2036',
    'projection.month.type' = 'integer',
    'projection.month.range' = '1,12',
    'projection.month.digits' = '2',
    'projection.day.type' = 'integer',
    'projection.day.range' = '1,31',
    'projection.day.digits' = '2',
    'storage.location.template' = 's3://BUCKET/PREFIX/packs/sessions/year=${year}/month=${month}/day=${day}/'
);

-- A row a command. In context stand what read it, the outermost first, parted by slashes.
CREATE EXTERNAL TABLE IF NOT EXISTS `commands` (
    `session` STRING,
    `operator` STRING,
    `target` STRING,
    `number` BIGINT,
    `at` TIMESTAMP,
    `start_ms` BIGINT,
    `end_ms` BIGINT,
    `text` STRING,
    `context` STRING,
    `cwd` STRING,
    `exit` INT,
    `output_from` BIGINT,
    `output_to` BIGINT,
    `source` STRING,
    `confidence` DOUBLE,
    `claims` STRING
)
PARTITIONED BY (`year` INT, `month` INT, `day` INT)
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/packs/commands/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.year.type' = 'integer',
    'projection.year.range' = '2025,2036',
    'projection.month.type' = 'integer',
    'projection.month.range' = '1,12',
    'projection.month.digits' = '2',
    'projection.day.type' = 'integer',
    'projection.day.range' = '1,31',
    'projection.day.digits' = '2',
    'storage.location.template' = 's3://BUCKET/PREFIX/packs/commands/year=${year}/month=${month}/day=${day}/'
);

-- A row a line that a person could have read.
CREATE EXTERNAL TABLE IF NOT EXISTS `lines` (
    `session` STRING,
    `operator` STRING,
    `target` STRING,
    `number` BIGINT,
    `at` TIMESTAMP,
    `first_ms` BIGINT,
    `last_ms` BIGINT,
    `other` BOOLEAN,
    `text` STRING
)
PARTITIONED BY (`year` INT, `month` INT, `day` INT)
STORED AS PARQUET
LOCATION 's3://BUCKET/PREFIX/packs/lines/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.year.type' = 'integer',
    'projection.year.range' = '2025,2036',
    'projection.month.type' = 'integer',
    'projection.month.range' = '1,12',
    'projection.month.digits' = '2',
    'projection.day.type' = 'integer',
    'projection.day.range' = '1,31',
    'projection.day.digits' = '2',
    'storage.location.template' = 's3://BUCKET/PREFIX/packs/lines/year=${year}/month=${month}/day=${day}/'
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
