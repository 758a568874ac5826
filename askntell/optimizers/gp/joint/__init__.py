"""One model of all segments of a study: what is learnt in one makes the others cheaper."""
