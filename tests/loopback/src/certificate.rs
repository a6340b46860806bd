//! A throw-away certificate authority and a certificate signed by it.
//!
//! Nothing here touches the disk: a test that needs the authority as a file writes [`Certificate::authority_pem`] itself.

use std::io;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

/// What TLS on loopback needs.
pub(crate) struct Certificate {
    pub(crate) authority_pem: String,
    pub(crate) server: Arc<ServerConfig>,
}

impl Certificate {
    /// A new authority, and a certificate for `names`.
    pub(crate) fn create(names: &[String]) -> io::Result<Self> {
        let mut authority = CertificateParams::new([]).map_err(io::Error::other)?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority
            .distinguished_name
            .push(DnType::CommonName, "ssm-rec loopback authority");
        let authority_key = KeyPair::generate().map_err(io::Error::other)?;
        let authority =
            CertifiedIssuer::self_signed(authority, authority_key).map_err(io::Error::other)?;

        let mut leaf = CertificateParams::new(names).map_err(io::Error::other)?;
        leaf.distinguished_name
            .push(DnType::CommonName, "ssm-rec loopback");
        // Verifiers that follow RFC 5280 to the letter want to find the issuer's key by its id.
        leaf.use_authority_key_identifier_extension = true;
        let leaf_key = KeyPair::generate().map_err(io::Error::other)?;
        let leaf = leaf
            .signed_by(&leaf_key, &authority)
            .map_err(io::Error::other)?;

        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivateKeyDer::Pkcs8(leaf_key.serialize_der().into()),
            )
            .map_err(io::Error::other)?;
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            authority_pem: authority.pem(),
            server: Arc::new(server),
        })
    }
}
