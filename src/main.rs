//! The `weir` program: everything happens in `weir::startup`.

use std::process::ExitCode;

fn main() -> ExitCode {
    env_logger::init();
    weir::startup::run(std::env::args_os())
}
