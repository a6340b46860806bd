//! Athena's calls around one query: it is started, asked how far it is, read page by page, and stopped.
//!
//! Nothing here knows what a query asks for, nothing waits, and nothing retries beyond what the SDK does by itself.

mod error;

use std::error::Error as StdError;
use std::fmt;

use aws_sdk_athena::Client;
use aws_sdk_athena::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_athena::types::{
    QueryExecution, QueryExecutionContext, QueryExecutionState, ResultConfiguration,
};

pub use error::Error;
use error::MAX_STATEMENT;

use crate::aws::{Access, Unanswered, Way, blames_clock};

/// Where a query runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Of the tables.
    pub database: String,
    /// `None`: the account's own, `primary`.
    pub workgroup: Option<String>,
    /// Where Athena writes what it finds: `s3://bucket/prefix/`. `None`: where the workgroup says.
    pub output: Option<String>,
}

/// How far a query is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for its turn.
    Queued,
    /// It runs.
    Running,
    /// Its rows are there.
    Succeeded,
}

/// How it goes with a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How far it is.
    pub state: State,
    /// Bytes that were read for it so far, which is what it costs.
    pub scanned: u64,
}

/// Some rows of what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// A text a column, where there is one.
    pub rows: Vec<Vec<Option<String>>>,
    /// What the next page is asked for with; `None` behind the last.
    pub next: Option<String>,
}

/// Athena, with the credentials and the region in force.
#[derive(Clone, Debug)]
pub struct Athena {
    client: Client,
    way: Way,
}

impl Athena {
    /// Athena by the given way. Talks to nobody yet.
    ///
    /// # Errors
    /// There is no region, or no way.
    pub async fn open(access: &Access) -> Result<Self, Error> {
        let way = Way::settle(access).await?;
        way.region().ok_or(Error::NoRegion)?;
        Ok(Self {
            client: Client::new(way.config()),
            way,
        })
    }

    /// Starts a query; tells by what it is known from then on.
    ///
    /// # Errors
    /// The statement is too long; or Athena refuses or cannot be reached.
    pub async fn start(&self, sql: &str, place: &Place) -> Result<String, Error> {
        if sql.len() > MAX_STATEMENT {
            return Err(Error::TooLong { bytes: sql.len() });
        }
        let context = QueryExecutionContext::builder().database(&place.database);
        let output = place.output.as_ref().map(|output| {
            ResultConfiguration::builder()
                .output_location(output)
                .build()
        });
        let answer = self
            .client
            .start_query_execution()
            .query_string(sql)
            .query_execution_context(context.build())
            .set_work_group(place.workgroup.clone())
            .set_result_configuration(output)
            .send()
            .await
            .map_err(|error| self.error(&error))?;
        let id = answer.query_execution_id.ok_or(Error::Incomplete {
            call: "StartQueryExecution",
        })?;
        tracing::info!(query = id, "a query is started");
        Ok(id)
    }

    /// How it goes with a query.
    ///
    /// # Errors
    /// It failed or was stopped by somebody else; or Athena refuses or cannot be reached.
    pub async fn progress(&self, id: &str) -> Result<Progress, Error> {
        let answer = self
            .client
            .get_query_execution()
            .query_execution_id(id)
            .send()
            .await
            .map_err(|error| self.error(&error))?;
        let execution = answer.query_execution.ok_or(Error::Incomplete {
            call: "GetQueryExecution",
        })?;
        progress(&execution)
    }

    /// A page of its rows, the first or that which `next` names. The names of the columns are no row.
    ///
    /// # Errors
    /// Athena refuses or cannot be reached.
    pub async fn page(&self, id: &str, next: Option<String>) -> Result<Page, Error> {
        let is_first = next.is_none();
        let answer = self
            .client
            .get_query_results()
            .query_execution_id(id)
            .set_next_token(next)
            .send()
            .await
            .map_err(|error| self.error(&error))?;
        let rows = answer.result_set.and_then(|set| set.rows);
        let rows = rows.unwrap_or_default().into_iter().map(|row| {
            let data = row.data.unwrap_or_default();
            data.into_iter().map(|datum| datum.var_char_value).collect()
        });
        Ok(Page {
            // A query of rows names its columns in the first one.
            rows: rows.skip(usize::from(is_first)).collect(),
            next: answer.next_token.filter(|next| !next.is_empty()),
        })
    }

    /// Stops a query. What it read until then is paid all the same.
    ///
    /// # Errors
    /// Athena refuses or cannot be reached.
    pub async fn stop(&self, id: &str) -> Result<(), Error> {
        tracing::info!(query = id, "stopping the query");
        let call = self.client.stop_query_execution().query_execution_id(id);
        call.send().await.map_err(|error| self.error(&error))?;
        Ok(())
    }

    fn error<E, R>(&self, error: &SdkError<E, R>) -> Error
    where
        E: ProvideErrorMetadata + StdError + 'static,
        R: fmt::Debug + 'static,
    {
        let Some(code) = error.code() else {
            return match Unanswered::of(error) {
                Unanswered::Network(failure) => Error::Network(failure),
                Unanswered::Credentials { cause, hint, .. } => Error::NoCredentials {
                    cause,
                    hint: hint.unwrap_or_else(|| self.way.sign_in().hint()),
                },
                other => Error::Unreachable {
                    cause: other.to_string(),
                },
            };
        };
        let message = error.message().unwrap_or("no further message").to_owned();
        match code {
            code if blames_clock(code, &message) => Error::ClockSkew { message },
            "AccessDeniedException" | "AccessDenied" => Error::AccessDenied { message },
            "ThrottlingException" | "Throttling" | "TooManyRequestsException" => {
                Error::Throttled { message }
            }
            "ExpiredTokenException" | "ExpiredToken" | "RequestExpired" => {
                let sign_in = Box::new(self.way.sign_in().clone());
                Error::ExpiredCredentials { sign_in }
            }
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException" => Error::UnknownCredentials { message },
            "InvalidRequestException" => Error::Invalid { message },
            code => Error::Refused {
                code: code.to_owned(),
                message,
            },
        }
    }
}

/// Reads what Athena tells of a query.
fn progress(execution: &QueryExecution) -> Result<Progress, Error> {
    let status = execution.status();
    let reason = status
        .and_then(|status| status.state_change_reason())
        .unwrap_or("Athena gives no reason")
        .to_owned();
    let scanned = execution
        .statistics()
        .and_then(|statistics| statistics.data_scanned_in_bytes())
        .and_then(|bytes| u64::try_from(bytes).ok())
        .unwrap_or_default();
    let state = match status.and_then(|status| status.state()) {
        Some(QueryExecutionState::Failed) => return Err(Error::of_query(reason)),
        Some(QueryExecutionState::Cancelled) => return Err(Error::Cancelled { reason, scanned }),
        Some(QueryExecutionState::Succeeded) => State::Succeeded,
        Some(QueryExecutionState::Queued) => State::Queued,
        // Whatever states are added later, it is not over.
        _ => State::Running,
    };
    Ok(Progress { state, scanned })
}

#[cfg(test)]
mod tests {
    use aws_sdk_athena::types::{QueryExecutionStatistics, QueryExecutionStatus};

    use super::*;

    #[test]
    fn a_query_that_failed_is_told_with_its_reason() {
        let told = |state: &str, reason: &str| {
            let status = QueryExecutionStatus::builder()
                .state(state.into())
                .state_change_reason(reason)
                .build();
            let statistics = QueryExecutionStatistics::builder()
                .data_scanned_in_bytes(17)
                .build();
            let execution = QueryExecution::builder()
                .status(status)
                .statistics(statistics);
            progress(&execution.build())
        };
        for (state, expected) in [
            ("QUEUED", State::Queued),
            ("RUNNING", State::Running),
            ("SOME_NEW_STATE", State::Running),
            ("SUCCEEDED", State::Succeeded),
        ] {
            let progress = told(state, "").unwrap();
            assert_eq!((progress.state, progress.scanned), (expected, 17));
        }
        for (reason, expected) in [
            (
                "TABLE_NOT_FOUND: line 4:8: Table 'awsdatacatalog.x.lines' does not exist",
                "tables",
            ),
            (
                "SCHEMA_NOT_FOUND: line 4:8: Schema 'x' does not exist",
                "tables",
            ),
            (
                "PERMISSION_DENIED: Access Denied on S3 location s3://x/packs",
                "denied",
            ),
            ("HIVE_BAD_DATA: not a parquet file", "failed"),
        ] {
            let error = told("FAILED", reason).unwrap_err();
            let kind = match &error {
                Error::NoTables { .. } => "tables",
                Error::AccessDenied { .. } => "denied",
                Error::Failed { .. } => "failed",
                _ => "other",
            };
            assert_eq!(kind, expected, "{error:?}");
            assert!(error.to_string().contains(reason), "{error}");
        }
        // What was read until then is paid.
        let cancelled = told("CANCELLED", "by an administrator").unwrap_err();
        assert!(matches!(cancelled, Error::Cancelled { scanned: 17, .. }));
        assert!(cancelled.to_string().contains("by an administrator"));
    }
}
