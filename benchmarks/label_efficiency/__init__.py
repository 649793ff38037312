"""Labels that each strategy needs: lsal's and its peers', the same learner, the same seeds, the same first labels."""
