# Run in tests/reference:  Rscript make_designs.R
# R's warpbreaks and emmeans' pigs as data; what emmeans says about them is in multiplicity/emmeans.json.
source("versions.R")
write.csv(warpbreaks, "warpbreaks/data.csv", row.names = FALSE, quote = FALSE)
write.csv(emmeans::pigs, "pigs/data.csv", row.names = FALSE, quote = FALSE)
