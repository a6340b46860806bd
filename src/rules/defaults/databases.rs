//! What is done to the rows of databases, and to who may read them.
//!
//! Nothing here tells a production database from another: the target does.

use super::Severity::{High, Low, Medium};
use super::{Shipped, command};

pub(super) const RULES: &[Shipped] = &[
    command(
        High,
        "database-dropped",
        "a table, a schema or a whole database is dropped or emptied",
        r"^(?:psql|mysql|sqlite|oracle|sqlserver|clickhouse|cassandra): (?i:drop (?:database|schema|table|materialized view|role|user|keyspace|tablespace)|truncate) |^redis: (?i:flushall|flushdb)|^mongo: .*(?:dropDatabase|\.drop|deleteMany\( ?\{ ?\} ?)\(?|^dropdb |^mysqladmin (?:[^|]* )?drop ",
    )
    .unless(r"(?i)^\S+ drop table (?:if exists )?(?:tmp|temp|pg_temp)[_.]")
    .why("What it held is gone. Tables that are called temporary do not count.", &["MITRE ATT&CK T1485"])
    .hits(&[
        "psql -c 'DROP TABLE users'",
        "mysql -e 'truncate table orders' shop",
        "psql> drop database app;",
        "echo 'drop schema x cascade' | sudo -u postgres psql app",
        "redis-cli -h cache FLUSHALL",
    ])
    .misses(&[
        "psql -c 'select * from users'",
        "grep 'DROP TABLE' schema.sql",
        "echo 'drop table users'",
        "psql> select 'drop table users'",
        "psql> drop table tmp_users",
        "redis-cli INFO",
    ]),
    command(
        High,
        "all-rows-changed",
        "every row of a table is changed or deleted",
        r"^(?:psql|mysql|sqlite|oracle|sqlserver|clickhouse): (?i:delete from |update \S+(?: as \w+| \w+)? set )",
    )
    .unless(r"(?i) (?:where|limit|using|join) |^\S+ (?i:update|delete from) (?i:tmp|temp)[_.]")
    .why("It is often not what was meant.", &["MITRE ATT&CK T1565.001"])
    .hits(&["psql> delete from users;", "mysql -e 'UPDATE users SET admin=1' app"])
    .misses(&[
        "psql> delete from users where id = 7;",
        "psql> update users set name = 'x' where id = 7",
        "psql> select * from users",
        "psql> insert into users values (1)",
    ]),
    command(
        Medium,
        "database-rights-changed",
        "who may do what in a database is changed",
        r"^(?:psql|mysql|oracle|sqlserver|clickhouse|cassandra): (?i:grant |revoke |(?:create|alter) (?:role|user) |set password|flush privileges|alter system )|^createuser ",
    )
    .why("It stays when the session is over.", &["MITRE ATT&CK T1098"])
    .hits(&["psql> grant all on database app to eve", "mysql -e \"create user 'eve'@'%'\""])
    .misses(&["psql> \\du", "psql> select * from grants", "mysql -e 'show grants'"]),
    command(
        Low,
        "database-written",
        "rows or tables of a database are changed",
        r"^(?:psql|mysql|sqlite|oracle|sqlserver|clickhouse|cassandra): (?i:insert into|replace into|update |delete from|alter table|create table|drop index|merge into|begin)",
    )
    .why("Ordinary for who is there for it.", &["MITRE ATT&CK T1565.001"])
    .hits(&["psql> update users set name = 'x' where id = 7"])
    .misses(&["psql> select 1", "psql> explain analyze select 1", "mysql -e 'show tables'", "psql> \\dt"]),
    command(
        Medium,
        "database-exported",
        "much of a database is written to a file",
        r"^(?:pg_dump|pg_dumpall|mysqldump|mariadb-dump|mydumper|mongodump|mongoexport|pg_basebackup)(?: |$)|^(?:psql|oracle|sqlserver): (?i:copy .* to |\\copy .* to )|^mysql: (?i:select .* into outfile)|^redis-cli (?:[^|]* )?--rdb ",
    )
    .unless(r"--(?:version|help)|--schema-only|(?:^| )-s(?: |$)|--no-data")
    .why("Ordinary for a backup; where to, the command says.", &["MITRE ATT&CK T1005"])
    .hits(&["pg_dump app > app.sql", "psql> \\copy users to '/tmp/u.csv' csv"])
    .misses(&["pg_dump --version", "pg_dump --schema-only app", "pg_restore -l x", "psql> select * from users limit 5"]),
];
