"""Checks the policies in examples/aws: that AWS would take them, and that JSON, CloudFormation and Terraform agree.

Nothing here asks AWS.
"""

import json
import pathlib
import re
import sys

import hcl2
import yaml

# IAM and S3 quotas, in bytes or characters without white space.
BUCKET_POLICY_LIMIT = 20 * 1024
MANAGED_POLICY_LIMIT = 6144
# Who reads; each writes below folders of its own.
READERS = ("reviewer", "librarian", "auditor")
STATEMENT_KEYS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
OPERATORS = re.compile(r"(Bool|Null|(String|Arn)(Not)?(Equals|Like)(IfExists)?)$")
ACTION = re.compile(r"(s3|kms|ssm):([A-Z][A-Za-z]+|\*)$")
# Of who asks Athena, and of nobody else.
ATHENA_ACTION = re.compile(r"(athena|glue|s3):[A-Z][A-Za-z]+$")


def as_list(value):
    return value if isinstance(value, list) else [value]


def check_policy(name, policy, limit, has_principal):
    assert policy["Version"] == "2012-10-17", f"{name}: version"
    size = len(re.sub(r"\s", "", json.dumps(policy)))
    assert size <= limit, f"{name}: {size} characters, at most {limit}"
    sids = [statement["Sid"] for statement in policy["Statement"]]
    assert len(sids) == len(set(sids)), f"{name}: a Sid twice"
    for statement in policy["Statement"]:
        where = f"{name}, {statement['Sid']}"
        assert statement["Sid"].isalnum(), f"{where}: a Sid is letters and digits"
        assert set(statement) <= STATEMENT_KEYS, f"{where}: {set(statement) - STATEMENT_KEYS}"
        assert statement["Effect"] in ("Allow", "Deny"), f"{where}: effect"
        assert ("Principal" in statement) == has_principal, f"{where}: principal"
        for action in as_list(statement["Action"]):
            form = ATHENA_ACTION if name == "athena-policy" else ACTION
            assert form.match(action), f"{where}: {action}"
        for resource in as_list(statement["Resource"]):
            assert resource.startswith("arn:aws:") or resource == "*", f"{where}: {resource}"
        for operator in statement.get("Condition", {}):
            assert OPERATORS.match(operator), f"{where}: {operator}"


def shape(statements):
    """What the three forms have in common: effect, actions, which condition tests which key, and folders of the bucket."""
    return sorted(
        (effect, tuple(sorted(actions)), tuple(sorted(conditions)), tuple(sorted(map(folder_of, resources))))
        for effect, actions, conditions, resources in statements
    )


def folder_of(resource):
    """`/reviews/*` of an object in the bucket, in any of the forms; nothing of what is no object."""
    found = re.search(r"(?:EXAMPLE-RECORDINGS|[Aa]rn})(/.*)$", resource)
    return found.group(1) if found else ""


def of_json(policy):
    return shape(
        (
            statement["Effect"],
            as_list(statement["Action"]),
            [(test, key) for test, keys in statement.get("Condition", {}).items() for key in keys],
            as_list(statement["Resource"]),
        )
        for statement in policy["Statement"]
        # What only some need, the templates leave out.
        if not statement.get("Sid", "").startswith("OnlyWith")
    )


class Template(yaml.SafeLoader):
    """CloudFormation's tags (!Ref and the like) as what stands behind them."""


Template.add_multi_constructor(
    "!", lambda loader, _, node: loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None
)


def bare(text):
    """Some versions of hcl2 leave the quotes around a string."""
    return text.strip('"')


def of_terraform(document):
    return shape(
        (
            bare(statement.get("effect", "Allow")),
            [bare(action) for action in statement["actions"]],
            [
                (bare(condition["test"]), bare(condition["variable"]))
                for condition in statement.get("condition", [])
            ],
            [bare(resource) for resource in statement["resources"]],
        )
        for statement in document["statement"]
    )


def check_folders(policies):
    """No folder of the bucket is written by two roles."""
    folders = {}
    for role in ("operator", *READERS):
        for statement in policies[f"{role}-policy"]["Statement"]:
            if "s3:PutObject" in as_list(statement["Action"]):
                for resource in as_list(statement["Resource"]):
                    folder = folder_of(resource)
                    assert re.fullmatch("/[a-z]+/\\*", folder), f"{role}: may write {resource}"
                    assert folders.setdefault(folder, role) == role, f"{folder}: {role} and {folders[folder]}"


def main(folder):
    policies = {path.stem: json.loads(path.read_text()) for path in folder.glob("*-policy.json")}
    assert set(policies) == {f"{name}-policy" for name in ("athena", "bucket", "operator", *READERS)}, set(policies)
    for name, policy in policies.items():
        is_bucket = name == "bucket-policy"
        check_policy(name, policy, BUCKET_POLICY_LIMIT if is_bucket else MANAGED_POLICY_LIMIT, is_bucket)
    allowed = {a for s in policies["operator-policy"]["Statement"] for a in as_list(s["Action"])}
    assert not any(re.search("Get|List|Delete|Abort", a) for a in allowed if a.startswith("s3:")), allowed
    check_folders(policies)

    template = yaml.load((folder / "bucket.cfn.yaml").read_text(), Template)["Resources"]
    terraform = hcl2.loads((folder / "bucket.tf").read_text())
    documents = {}
    for data in terraform["data"]:
        for kind, named in data.items():
            if bare(kind) == "aws_iam_policy_document":
                documents.update({bare(name): document for name, document in named.items()})
    for name, resource in [
        ("bucket", "RecordingsPolicy"),
        ("operator", "OperatorPolicy"),
        *((name, f"{name.capitalize()}Policy") for name in READERS),
    ]:
        expected = of_json(policies[f"{name}-policy"])
        formation = of_json(template[resource]["Properties"]["PolicyDocument"])
        assert formation == expected, f"{name}: CloudFormation has\n{formation}\nand JSON has\n{expected}"
        found = of_terraform(documents[name])
        assert found == expected, f"{name}: Terraform has\n{found}\nand JSON has\n{expected}"
    print(f"{len(policies)} policies, the same in JSON, CloudFormation and Terraform")


main(pathlib.Path(sys.argv[1]))
