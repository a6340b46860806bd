//! The program's one door: hands the arguments to the library and its status to the system. Decides nothing.

use std::process::ExitCode;

fn main() -> ExitCode {
    ssm_rec::run(std::env::args_os())
}
