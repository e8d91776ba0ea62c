// placeholder for an instant
enum BorshStub {}
