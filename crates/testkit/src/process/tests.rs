//! Processes: signals, exits, logs, and death with the parent.
use super::*;

const SOON: Duration = Duration::from_secs(5);

fn shell(script: &str) -> Command {
    Command::new("script", "/bin/sh").arg("-c").arg(script)
}

fn is_alive(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}

#[tokio::test]
async fn captures_both_outputs_and_the_exit_code() {
    let process = shell("echo to stdout; echo to stderr >&2; exit 7")
        .start()
        .unwrap();
    process.wait_for_line("to stdout", SOON).await.unwrap();
    process.wait_for_line("to stderr", SOON).await.unwrap();
    assert_eq!(
        process.wait(SOON).await.unwrap(),
        Exit {
            code: Some(7),
            signal: None
        }
    );
    assert!(
        process.signal(Signal::TERM).is_err(),
        "nobody is there to be signalled"
    );
}

#[tokio::test]
async fn a_line_that_never_comes_is_an_error_with_the_log() {
    let process = shell("echo the actual cause; exit 3").start().unwrap();
    let error = process
        .wait_for_line("ready", SOON)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("exit code 3") && error.contains("the actual cause"),
        "{error}"
    );
}

#[tokio::test]
async fn finds_lines_after_a_mark() {
    let process = shell("echo ready one; echo mark; echo ready two")
        .start()
        .unwrap();
    process.wait(SOON).await.unwrap();
    process.log().wait_closed(SOON).await;
    assert_eq!(process.log().position(), 3);
    assert_eq!(process.log().find("ready").unwrap(), "ready one");
    assert_eq!(process.log().find_after(2, "ready").unwrap(), "ready two");
    assert_eq!(process.log().find_after(3, "ready"), None);
}

#[tokio::test]
async fn terminates_pauses_and_kills() {
    let process = shell("trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done")
        .start()
        .unwrap();
    process.wait_for_line("ready", SOON).await.unwrap();
    process.pause().unwrap();
    assert!(
        process.terminate(Duration::from_millis(100)).await.is_err(),
        "a frozen process hears nothing"
    );
    process.resume().unwrap();
    assert_eq!(process.wait(SOON).await.unwrap().code, Some(5));

    let process = shell("echo ready; exec sleep 60").start().unwrap();
    process.wait_for_line("ready", SOON).await.unwrap();
    assert_eq!(process.kill().await.unwrap().signal, Some(9));
    assert_eq!(
        process.kill().await.unwrap().signal,
        Some(9),
        "killing the dead is fine"
    );
}

#[tokio::test]
async fn runs_with_a_clean_environment() {
    let printed = Command::new("env", "/usr/bin/env")
        .env("CHOSEN", "1")
        .run(SOON)
        .await
        .unwrap();
    assert!(
        printed.contains("CHOSEN=1") && printed.contains("PATH="),
        "{printed}"
    );
    assert!(!printed.contains("CARGO"), "{printed}");
    let error = shell("echo no; exit 1").run(SOON).await.unwrap_err().to_string();
    assert!(error.contains("exit code 1") && error.contains("no"), "{error}");
}

#[tokio::test]
async fn dropping_ends_it() {
    let process = shell("exec sleep 60").start().unwrap();
    let pid = process.pid().to_string();
    drop(process);
    assert!(!is_alive(&pid));
}

#[tokio::test]
async fn outlives_the_thread_that_asked_for_it() {
    let process = std::thread::spawn(|| shell("exec sleep 60").start().unwrap())
        .join()
        .unwrap();
    assert!(
        process.wait(Duration::from_millis(200)).await.is_err(),
        "it ended with that thread"
    );
}

#[test]
fn a_missing_program_is_named() {
    let error = Command::new("thing", "/nowhere/thing")
        .start()
        .unwrap_err()
        .to_string();
    assert_eq!(error, "cannot start thing: there is no /nowhere/thing");
}

/// Not a test of its own: what the next one starts in a second process.
#[tokio::test]
async fn parent_that_dies() {
    if std::env::var_os("TESTKIT_PARENT_THAT_DIES").is_some() {
        let process = shell("exec sleep 60").start().unwrap();
        std::fs::write(
            std::env::var_os("TESTKIT_PARENT_THAT_DIES").unwrap(),
            process.pid().to_string(),
        )
        .unwrap();
        process.wait(Duration::from_mins(1)).await.unwrap();
    }
}

#[tokio::test]
async fn dies_with_a_parent_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let parent = Command::new("parent", std::env::current_exe().unwrap())
        .args(["--exact", "process::tests::parent_that_dies"])
        .env("TESTKIT_PARENT_THAT_DIES", &file)
        .start()
        .unwrap();
    let child = crate::waiting::wait_for("the child's pid", SOON, async || {
        std::fs::read_to_string(&file).ok().filter(|pid| !pid.is_empty())
    })
    .await;
    assert!(is_alive(&child));
    parent.kill().await.unwrap();
    crate::wait_until("the child is gone", SOON, async || !is_alive(&child)).await;
}
