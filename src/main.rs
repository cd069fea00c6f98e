//! The program: hands its arguments to [`aftertone::app`].

fn main() -> std::process::ExitCode {
    aftertone::app::run()
}
