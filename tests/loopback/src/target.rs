//! What listens at the target of a port session.
//!
//! Nothing here knows the session: it sees a connection from this machine.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

/// Treats each connection with `serve`, on a thread of its own, until the process ends; gives the port.
///
/// # Errors
/// No port could be had.
pub fn listen(
    serve: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static,
) -> io::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            // A client that leaves early has nothing to be told.
            thread::spawn(move || serve(stream).ok());
        }
    });
    Ok(port)
}

/// Sends back what comes, to its end.
///
/// # Errors
/// The connection broke.
pub fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut reader = stream.try_clone()?;
    io::copy(&mut reader, &mut stream)?;
    stream.shutdown(Shutdown::Write)
}
