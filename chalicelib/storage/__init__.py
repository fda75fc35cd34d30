"""The one DynamoDB table: keys, items, transactions, and one store per noun. The only place that knows PynamoDB."""
