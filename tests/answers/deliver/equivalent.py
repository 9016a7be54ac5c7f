# === equivalent: dropped: return False ==> the None that comes instead is false too
# === equivalent: 1: one more (2) ==> a datagram that is too long is not taken for the acknowledgment with six bytes read either
