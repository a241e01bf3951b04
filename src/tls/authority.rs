//! Which certificates are an authority's.

use rustls::pki_types::CertificateDer;

/// The tags of DER that lead to what is wanted.
const BOOLEAN: u8 = 0x01;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xA0;
const EXTENSIONS: u8 = 0xA3;

/// 2.5.29.19
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 0x13];
/// 2.5.29.15
const KEY_USAGE: &[u8] = &[0x55, 0x1D, 0x0F];
/// The bit of a key's usage for signing certificates.
const SIGNS_CERTIFICATES: u8 = 0x04;

/// Whether a certificate may sign others, as OpenSSL decides for libpq: it says so, or is of the first version, which could
/// not say it. None where it cannot be read.
pub(super) fn is_authority(certificate: &CertificateDer<'_>) -> Option<bool> {
    let [whole] = elements(certificate)?[..] else { return None };
    let signed = elements(elements(whole.of(SEQUENCE)?)?.first()?.of(SEQUENCE)?)?;
    let has_version = signed.first()?.tag == VERSION;
    let (mut constraints, mut usage) = (None, None);
    if let Some(all) = signed.iter().find(|one| one.tag == EXTENSIONS) {
        for extension in elements(elements(all.value)?.first()?.of(SEQUENCE)?)? {
            let parts = elements(extension.of(SEQUENCE)?)?;
            let value = elements(parts.last()?.of(OCTET_STRING)?)?;
            match parts.first()?.of(OID)? {
                BASIC_CONSTRAINTS => {
                    let says = elements(value.first()?.of(SEQUENCE)?)?;
                    constraints = Some(says.first().is_some_and(|one| one.tag == BOOLEAN && one.value != [0]));
                }
                // The first byte says how many bits of the last one do not count.
                KEY_USAGE => {
                    let bits = value.first()?.of(BIT_STRING)?;
                    usage = Some(bits.get(1).is_some_and(|first| first & SIGNS_CERTIFICATES != 0));
                }
                _ => {}
            }
        }
    }
    Some(match (constraints, usage) {
        (_, Some(false)) => false,
        (Some(is_ca), _) => is_ca,
        (None, usage) => usage == Some(true) || !has_version,
    })
}

/// A value of DER and its tag.
#[derive(Clone, Copy)]
struct Element<'a> {
    tag: u8,
    value: &'a [u8],
}

impl<'a> Element<'a> {
    /// The value, if the tag is this one.
    fn of(self, tag: u8) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.value)
    }
}

/// The values that stand behind each other.
fn elements(mut der: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut elements = Vec::new();
    while let [tag, length, rest @ ..] = der {
        let (length, rest) = match *length {
            short @ ..0x80 => (usize::from(short), rest),
            // A long length says first how many bytes it has.
            long => {
                let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7F).min(5))?;
                let number = |number: usize, byte: &u8| number.checked_mul(256)?.checked_add(usize::from(*byte));
                (bytes.iter().try_fold(0, number)?, rest)
            }
        };
        let (value, behind) = rest.split_at_checked(length)?;
        elements.push(Element { tag: *tag, value });
        der = behind;
    }
    der.is_empty().then_some(elements)
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose};

    use super::*;

    #[test]
    fn a_certificate_that_does_not_say_so_is_no_authority() {
        let certificate = |is_ca: IsCa, usages: &[KeyUsagePurpose]| {
            let mut params = CertificateParams::new(vec!["db".to_owned()]).unwrap();
            (params.is_ca, params.key_usages) = (is_ca, usages.to_vec());
            params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
        };
        let any = || IsCa::Ca(BasicConstraints::Unconstrained);
        let (signs, serves) = (&[KeyUsagePurpose::KeyCertSign], &[KeyUsagePurpose::DigitalSignature]);
        assert_eq!(is_authority(&certificate(any(), &[])), Some(true));
        assert_eq!(is_authority(&certificate(any(), signs)), Some(true));
        assert_eq!(is_authority(&certificate(any(), serves)), Some(false));
        assert_eq!(is_authority(&certificate(IsCa::ExplicitNoCa, &[])), Some(false));
        assert_eq!(is_authority(&certificate(IsCa::ExplicitNoCa, signs)), Some(false));
        assert_eq!(is_authority(&certificate(IsCa::NoCa, &[])), Some(false));
        assert_eq!(is_authority(&certificate(IsCa::NoCa, signs)), Some(true));
        // One that is cut off anywhere is none.
        let whole = certificate(any(), signs);
        for length in 0..whole.len() {
            assert_eq!(is_authority(&CertificateDer::from(&whole[..length])), None, "{length}");
        }
    }
}
