//! Which parts of a report serve which rules of others. They serve them; whether these are met, no program can say.
//!
//! Sources: PCI DSS 4.0; NIST SP 800-53 Rev. 5; AICPA TSC 2017 (2022); ISO/IEC 27001:2022 Annex A; 45 CFR 164.312.

/// The rule, what it asks for in short, and the parts of the report that serve it.
pub(super) const CONTROLS: [[&str; 3]; 13] = [
    [
        "PCI DSS 10.2.1",
        "access and actions of individuals are logged",
        "Population; Not recorded",
    ],
    [
        "PCI DSS 10.2.2",
        "who, what, when, where and how it ended is in each record",
        "Sessions",
    ],
    [
        "PCI DSS 10.3",
        "records are protected from change",
        "Integrity; Rows of manifests",
    ],
    [
        "PCI DSS 10.4",
        "records are reviewed, and what is found is followed up",
        "Reviews; Follow-ups",
    ],
    [
        "PCI DSS 10.5",
        "records are kept for twelve months",
        "Population (its period)",
    ],
    ["PCI DSS 10.6", "clocks agree", "Clocks"],
    [
        "PCI DSS 10.7",
        "a failure of logging is found",
        "Not recorded; Gone; To be looked at",
    ],
    [
        "NIST AU-2, AU-3, AU-12, AU-14",
        "events and sessions are recorded, with what a record must hold",
        "Population; Sessions",
    ],
    [
        "NIST AU-6",
        "records are reviewed and analysed",
        "Reviews; Rules; Follow-ups",
    ],
    [
        "NIST AU-8, AU-9, AU-10",
        "times, protection of records, non-repudiation",
        "Clocks; Integrity",
    ],
    [
        "SOC 2 CC7.2, CC7.3",
        "anomalies are looked for and judged",
        "Rules; Reviews; Follow-ups",
    ],
    [
        "ISO 27001 A.8.15",
        "logs are produced, kept, protected and analysed",
        "Population; Integrity; Reviews",
    ],
    [
        "HIPAA 164.312(b)",
        "activity is recorded and examined",
        "Population; Reviews",
    ],
];
