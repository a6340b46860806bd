-- Twenty questions for the tables of athena.sql, spark.sql and duckdb.sql: the same words in Athena, Trino, Spark and DuckDB.
-- Nothing here is more than a start: put your own names, texts and months in place of those that stand here.
--
-- Year, month and day are those of the session's start in UTC, and numbers. A question that names the year, and the month where
-- it is known, reads those days alone. Regular expressions are kept to what all of these understand; at has its table in front,
-- since DuckDB takes it for a word of its own elsewhere.
--
-- Packs are a hint and no evidence, of a sealed session they have no commands and no lines, and what no pack covers yet is not
-- there: question 20 belongs beside the answer to any other one.

-- 1. Who was on this machine, and why?
SELECT session, started, operator, reason, duration_ms
FROM sessions
WHERE target = 'i-0db' AND year = 2026
ORDER BY started DESC, session;

-- 2. What was done for this ticket: its sessions.
SELECT session, started, operator, target, exit_kind, exit_status
FROM sessions
WHERE lower(reason) LIKE '%chg-1001%' AND year = 2026
ORDER BY started DESC, session;

-- 3. What was done for this ticket: its commands, in order.
SELECT session, number, ran.at, context, cwd, text, exit
FROM ran
WHERE lower(reason) LIKE '%chg-1001%' AND year = 2026
ORDER BY ran.at, session, number;

-- 4. The sessions of a day.
SELECT session, started, ended, operator, target, reason
FROM sessions
WHERE year = 2026 AND month = 3 AND day = 3
ORDER BY started DESC, session;

-- 5. Sessions by operator and day: how many, and how long in all.
SELECT operator, year, month, day, count(*) AS sessions, sum(duration_ms) AS duration_ms
FROM sessions
WHERE year >= 2025
GROUP BY operator, year, month, day
ORDER BY year, month, day, operator NULLS FIRST;

-- 6. Who ran this, as a whole word?
SELECT session, operator, target, commands.at, number, text
FROM commands
WHERE regexp_like(text, '(^|[^A-Za-z0-9_])rm([^A-Za-z0-9_]|$)') AND year >= 2025
ORDER BY commands.at, session, number;

-- 7. Who ever saw this?
SELECT session, operator, target, reason, seen.at, number, text
FROM seen
WHERE text LIKE '%Permission denied%' AND year >= 2025
ORDER BY seen.at, session, number;

-- 8. Who saw an address of an inner network?
SELECT session, operator, target, lines.at, number, text
FROM lines
WHERE regexp_like(text, '10[.][0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}') AND year >= 2025
ORDER BY lines.at, session, number;

-- 9. Commands that failed, where the shell told how they ended.
SELECT session, operator, target, commands.at, number, text, exit
FROM commands
WHERE exit <> 0 AND year = 2026 AND month = 3
ORDER BY commands.at, session, number;

-- 10. How many commands of each machine failed, of those of which it is known?
SELECT target,
    count(*) AS commands,
    count(exit) AS known,
    count(*) FILTER (WHERE exit <> 0) AS failed
FROM commands
WHERE year >= 2025
GROUP BY target
ORDER BY target;

-- 11. Which programs were run most?
SELECT split_part(text, ' ', 1) AS program, count(*) AS times, count(DISTINCT session) AS sessions
FROM commands
WHERE year >= 2025
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 10;

-- 12. What was typed into something other than a plain shell: sudo, ssh, python, psql and so on.
SELECT session, number, context, text, source, confidence
FROM commands
WHERE context <> 'shell' AND year >= 2025
ORDER BY commands.at, session, number;

-- 13. What is opaque: sessions with the most output that no command explains.
SELECT session, operator, target, duration_ms, output_bytes,
    CAST(round(output_bytes * (1 - explained)) AS BIGINT) AS opaque_bytes,
    CAST(round(duration_ms * (1 - explained)) AS BIGINT) AS opaque_ms
FROM sessions
WHERE explained < 1 AND year >= 2025
ORDER BY opaque_bytes DESC, session
LIMIT 10;

-- 14. Sessions of which nobody saw the end: never closed, and found cut; or with a part that is not recorded.
SELECT session, started, operator, target, exit_kind, recovered, unrecorded_from_ms
FROM sessions
WHERE (recovered OR exit_kind IS NULL OR unrecorded_from_ms IS NOT NULL) AND year >= 2025
ORDER BY started DESC, session;

-- 15. Outside of working hours, in UTC.
SELECT session, started, operator, target, reason
FROM sessions
WHERE (EXTRACT(HOUR FROM started) < 6 OR EXTRACT(HOUR FROM started) >= 20) AND year >= 2025
ORDER BY started DESC, session;

-- 16. The longest sessions.
SELECT session, operator, target, duration_ms
FROM sessions
WHERE year >= 2025
ORDER BY duration_ms DESC, session
LIMIT 5;

-- 17. Who was on which machine for the first time, and when?
SELECT operator, target, min(started) AS started, count(*) AS sessions
FROM sessions
WHERE year >= 2025
GROUP BY operator, target
ORDER BY started, operator NULLS FIRST, target;

-- 18. What a command showed: lines that first stood there while it ran; or up to 100 ms before, since the screen is looked at
-- no more often.
SELECT c.session, c.number AS command, l.number, l.first_ms, l.text
FROM commands c
JOIN lines l ON l.session = c.session AND l.year = c.year AND l.month = c.month AND l.day = c.day
    AND l.first_ms >= c.start_ms - 100 AND l.first_ms < c.end_ms
WHERE c.text LIKE '%deploy.log%' AND c.year = 2026 AND c.month = 3
ORDER BY c.session, c.number, l.number;

-- 19. Who worked in full-screen programs, of which commands tell nothing?
SELECT session, operator, target, count(*) AS lines, max(last_ms) - min(first_ms) AS within_ms
FROM lines
WHERE other AND year >= 2025
GROUP BY session, operator, target
ORDER BY session;

-- 20. What these tables can answer for: sessions, sealed ones, those without any commands, and the share of output explained.
SELECT year, month,
    count(*) AS sessions,
    count(*) FILTER (WHERE sealed) AS sealed,
    count(*) FILTER (WHERE commands = 0) AS without_commands,
    sum(lines) AS lines,
    sum(commands) AS commands,
    min(explained) AS least_explained
FROM sessions
WHERE year >= 2025
GROUP BY year, month
ORDER BY year, month;
