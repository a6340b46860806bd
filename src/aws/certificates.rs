//! Which certificates are trusted: `AWS_CA_BUNDLE`, `ca_bundle` of the profile, `SSL_CERT_FILE`, the system's.
//!
//! One answer for every connection, the calls and the websocket alike. Nothing here opens one.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::Error;

/// The certificates that are trusted.
#[derive(Clone)]
pub struct Certificates {
    /// For connections of our own.
    tls: Arc<ClientConfig>,
    /// For the HTTP client, which wants text.
    pem: Arc<str>,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").finish_non_exhaustive()
    }
}

impl Certificates {
    /// Those of a bundle, or the system's (`SSL_CERT_FILE` and `SSL_CERT_DIR` name other places for these).
    ///
    /// # Errors
    /// There is none that could be used.
    pub fn load(bundle: Option<&Path>) -> Result<Self, Error> {
        let found = match bundle {
            Some(path) => read(path).map_err(|cause| Error::CaBundle {
                path: path.to_owned(),
                cause,
            })?,
            None => system()?,
        };
        let mut roots = RootCertStore::empty();
        let mut pem = String::new();
        for certificate in found {
            // A bundle of a system holds old ones that nothing new can read; the others are good all the same.
            if roots.add(certificate.clone()).is_ok() {
                pem.push_str("-----BEGIN CERTIFICATE-----\n");
                pem.push_str(&STANDARD.encode(&certificate));
                pem.push_str("\n-----END CERTIFICATE-----\n");
            }
        }
        if roots.is_empty() {
            let cause = "it holds no certificate that can be used".to_owned();
            return Err(match bundle {
                Some(path) => Error::CaBundle {
                    path: path.to_owned(),
                    cause,
                },
                None => Error::NoRoots { cause },
            });
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::NoRoots {
                cause: error.to_string(),
            })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: Arc::new(tls),
            pem: pem.into(),
        })
    }

    pub(super) fn tls(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.tls)
    }

    pub(super) fn pem(&self) -> &str {
        &self.pem
    }
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
    certificates
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())
}

fn system() -> Result<Vec<CertificateDer<'static>>, Error> {
    let found = rustls_native_certs::load_native_certs();
    if !found.certs.is_empty() {
        return Ok(found.certs);
    }
    let cause = match (found.errors.first(), std::env::var_os("SSL_CERT_FILE")) {
        (Some(error), _) => error.to_string(),
        (None, Some(path)) => format!("{:?} holds none", PathBuf::from(path)),
        (None, None) => "nothing was found where systems keep them".to_owned(),
    };
    Err(Error::NoRoots { cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_without_certificates_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, "nothing").unwrap();
        let error = Certificates::load(Some(&path)).unwrap_err().to_string();
        assert!(
            error.contains("ca.pem") && error.contains("no certificate"),
            "{error}"
        );
        let missing = folder.path().join("missing.pem");
        let error = Certificates::load(Some(&missing)).unwrap_err().to_string();
        assert!(error.contains("missing.pem"), "{error}");
    }
}
