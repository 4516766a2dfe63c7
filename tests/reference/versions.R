# The software behind a reference file; every make_*.R writes it into its json.
versions <- function(...) {
  packages <- c(...)
  names(packages) <- packages
  c(list(R = paste(R.version$major, R.version$minor, sep = ".")),
    lapply(packages, function(p) as.character(packageVersion(p))))
}
write_reference <- function(x, file) jsonlite::write_json(x, file, digits = NA, auto_unbox = TRUE, pretty = TRUE)
