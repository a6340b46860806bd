-- Views over packs for Apache Spark (3.5 and later).
-- Nothing here writes to the store. Year, month and day are found in the names of the folders, as numbers: 03 is 3.
--
-- In place of s3a://BUCKET/PREFIX stands the store; on EMR it begins with s3://, and a store in a folder is its path. The views
-- last as long as the session, and know the packs that were there when they were made. Questions for them are in questions.sql.
--
-- What packs say is a hint and no evidence: whoever may write below packs/ may write anything there. What is to be relied on is
-- looked at again in the session itself: ssm-rec play SESSION@TIME, ssm-rec verify SESSION. Of a sealed session only its row in
-- sessions is there; of one that is in no pack yet (ssm-rec compact) nothing is.

-- Times of the store are of UTC, and so are its days.
SET spark.sql.session.timeZone = UTC;

CREATE OR REPLACE TEMPORARY VIEW sessions
USING parquet
OPTIONS (path 's3a://BUCKET/PREFIX/packs/sessions/');

CREATE OR REPLACE TEMPORARY VIEW commands
USING parquet
OPTIONS (path 's3a://BUCKET/PREFIX/packs/commands/');

CREATE OR REPLACE TEMPORARY VIEW lines
USING parquet
OPTIONS (path 's3a://BUCKET/PREFIX/packs/lines/');

-- Commands, and lines, beside what is known of their session.
CREATE OR REPLACE TEMPORARY VIEW ran AS
SELECT c.*, s.reason, s.document, s.account, s.region, s.exit_kind, s.explained
FROM commands c
JOIN sessions s ON s.session = c.session AND s.year = c.year AND s.month = c.month AND s.day = c.day;

CREATE OR REPLACE TEMPORARY VIEW seen AS
SELECT l.*, s.reason, s.document, s.account, s.region
FROM lines l
JOIN sessions s ON s.session = l.session AND s.year = l.year AND s.month = l.month AND s.day = l.day;
