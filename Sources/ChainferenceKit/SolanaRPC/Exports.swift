// Calls of methods that have no function of their own take and give JSON values.
@_exported public import JSON
