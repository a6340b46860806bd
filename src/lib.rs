//! ssm-rec: a Session Manager client that records what it shows.
