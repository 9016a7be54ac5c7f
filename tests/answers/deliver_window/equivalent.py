# === equivalent: said > acked: Gt swapped ==> that they are equal is found before
# === equivalent: 4: one more ==> an acknowledgment has four bytes, however many are asked for
