"""What surrounds the product: its AWS resources, the local stack, stand-ins for AWS. Nothing here runs in Lambda."""
