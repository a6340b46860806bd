//! The service by hand: starts it, says where it is and what it offers, and serves until it is killed.
//!
//! Nothing here behaves; the library does.

use loopback::{Node, Options, Service, TARGETS};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--port" => options.port = arguments.next().ok_or("--port needs a number")?.parse()?,
            "--quick" => {
                options = Options {
                    port: options.port,
                    ..Options::quick()
                }
            }
            other => return Err(format!("unknown argument \"{other}\"").into()),
        }
    }
    let service = Service::start(options)?;
    service.manage(Node::samples());
    println!("export AWS_ENDPOINT_URL={}", service.endpoint());
    println!(
        "export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=loopback AWS_SECRET_ACCESS_KEY=loopback"
    );
    println!("# by name: web-1, web-2, db-1, till-3");
    println!("# targets: any i-, mi- or ecs: name works; these go wrong:");
    for (target, what) in TARGETS {
        println!("#   {target:18}{what}");
    }
    service.join();
    Ok(())
}
