"""The bucket that packages are kept in. A version is a template, which names the zip files by their content."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.package import Package


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The bucket of one account and region, and the address its objects have for CloudFormation."""

    s3: Any
    bucket: str
    region: str

    def have_bucket(self) -> None:
        """Make the bucket unless it is there: private, encrypted, versioned."""
        try:
            self.s3.head_bucket(Bucket=self.bucket)
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in {"404", "NoSuchBucket"}:
                raise
            self._make_bucket()

    def _make_bucket(self) -> None:
        # The oldest region is none that may be named here.
        place = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
        self.s3.create_bucket(Bucket=self.bucket, **({"CreateBucketConfiguration": place} if place else {}))
        blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        self.s3.put_public_access_block(Bucket=self.bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})

    def keep(self, stack: str, package: Package) -> str:
        """Upload a package and give its version, which is made of its content: the same again is the same version."""
        contents = {path.name: path.read_bytes() for path in sorted(package.folder.glob("*.zip"))}
        digests = {name: hashlib.sha256(content).hexdigest()[:16] for name, content in contents.items()}
        # By their own digests, so that a function whose code did not change is not touched.
        keys = {name: f"{stack}/code/{digest}-{name}" for name, digest in digests.items()}
        for name, content in contents.items():
            self.s3.put_object(Bucket=self.bucket, Key=keys[name], Body=content)
        template = json.dumps(self._located(package.template, keys), separators=(",", ":"), sort_keys=True)
        version = hashlib.sha256(template.encode()).hexdigest()[:12]
        self.s3.put_object(Bucket=self.bucket, Key=self._key(stack, version), Body=template.encode())
        return version

    def _located(self, template: dict[str, Any], keys: dict[str, str]) -> dict[str, Any]:
        """Give the template with the zip files' addresses in the place of their names."""
        located: dict[str, Any] = json.loads(json.dumps(template))
        for resource in located["Resources"].values():
            name = str(resource.get("Properties", {}).get("CodeUri", "")).removeprefix("./")
            if name in keys:
                resource["Properties"]["CodeUri"] = {"Bucket": self.bucket, "Key": keys[name]}
        return located

    def versions(self, stack: str) -> list[str]:
        """Give the versions that were kept, the newest first."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{stack}/versions/").get("Contents", ())
        newest_first = sorted(found, key=lambda each: each["LastModified"], reverse=True)
        return [each["Key"].rpartition("/")[2].removesuffix(".json") for each in newest_first]

    def address(self, stack: str, version: str) -> str:
        """Give where CloudFormation finds the template of a version."""
        endpoint = str(self.s3.meta.endpoint_url).rstrip("/")
        if endpoint.endswith(".amazonaws.com"):
            return f"https://{self.bucket}.s3.{self.region}.amazonaws.com/{self._key(stack, version)}"
        return f"{endpoint}/{self.bucket}/{self._key(stack, version)}"

    @staticmethod
    def _key(stack: str, version: str) -> str:
        return f"{stack}/versions/{version}.json"
