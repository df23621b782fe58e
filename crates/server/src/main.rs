//! The `confab` binary.

/// For many small, short-lived pieces on several threads. Idle it holds some 16 MB more than the system's, in huge
/// pages taken ahead; `MIMALLOC_ARENA_EAGER_COMMIT=0` in the environment gives those back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    confab_server::main()
}
